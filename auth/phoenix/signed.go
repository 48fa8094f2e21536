package phoenix

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// hmacs are the digests of signatures, by what a signed token begins with.
var hmacDigests = map[string]func() hash.Hash{
	"SFMyNTY": sha256.New,
	"SFMzODQ": sha512.New384,
	"SFM1MTI": sha512.New,
}

// signed is the key of tokens that can be read by all who have them.
type signed []byte

func (signed) recognizes(token string) bool {
	digest, _, found := strings.Cut(token, ".")
	return found && hmacDigests[digest] != nil
}

func (key signed) open(token string) ([]byte, bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil, false
	}
	message, signature := token[:dot], token[dot+1:]
	digest, payload, found := strings.Cut(message, ".")
	if !found || hmacDigests[digest] == nil {
		return nil, false
	}
	given, ok := decode(signature)
	if !ok {
		return nil, false
	}
	mac := hmac.New(hmacDigests[digest], key)
	mac.Write([]byte(message))
	if !hmac.Equal(mac.Sum(nil), given) {
		return nil, false
	}
	return decode(payload)
}
