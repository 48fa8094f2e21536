package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// rememberedTokens is how many accepted tokens a method does not verify again.
const rememberedTokens = 4096

// verified remembers whose tokens are, by the hash of the token, until they expire or
// make room for others. What was refused is not remembered: it would push out what was
// accepted.
type verified struct {
	tokens *lru.Cache[[sha256.Size]byte, accepted]
}

type accepted struct {
	who  *Identity
	with any
}

func newVerified() *verified {
	tokens, err := lru.New[[sha256.Size]byte, accepted](rememberedTokens)
	if err != nil {
		panic(err) // only for sizes below 1
	}
	return &verified{tokens}
}

// identity is whose a token is if it was accepted with the same keys, any comparable
// value that stands for them; nil if not.
func (v *verified) identity(hash [sha256.Size]byte, with any, now time.Time) *Identity {
	found, ok := v.tokens.Get(hash)
	if !ok || found.with != with || !found.who.Expires.IsZero() && !now.Before(found.who.Expires) {
		return nil
	}
	return found.who
}

// add remembers a token that was accepted.
func (v *verified) add(hash [sha256.Size]byte, with any, who *Identity) {
	v.tokens.Add(hash, accepted{who, with})
}
