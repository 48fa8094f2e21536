package phoenix

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// hmacDigests are the digests of signatures by the first part of a token.
var hmacDigests = map[string]func() hash.Hash{
	"SFMyNTY": sha256.New,
	"SFMzODQ": sha512.New384,
	"SFM1MTI": sha512.New,
}

// signed is the key of signed tokens.
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
	actual, ok := decodeBase64(signature)
	if !ok {
		return nil, false
	}
	mac := hmac.New(hmacDigests[digest], key)
	mac.Write([]byte(message))
	if !hmac.Equal(mac.Sum(nil), actual) {
		return nil, false
	}
	return decodeBase64(payload)
}
