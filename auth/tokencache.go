package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxCachedTokens is how many accepted tokens a method does not verify again.
const maxCachedTokens = 4096

// tokenCache remembers whose tokens are, by the hash of the token, until they expire or
// make room for others. What was refused is not remembered: it would push out what was
// accepted.
type tokenCache struct {
	tokens *lru.Cache[[sha256.Size]byte, cachedToken]
}

type cachedToken struct {
	identity *Identity
	keys     any
}

func newTokenCache() *tokenCache {
	tokens, err := lru.New[[sha256.Size]byte, cachedToken](maxCachedTokens)
	if err != nil {
		panic(err) // only for sizes below 1
	}
	return &tokenCache{tokens}
}

// get is whose a token is if it was accepted with the same keys, any comparable
// value that stands for them; nil if not.
func (v *tokenCache) get(hash [sha256.Size]byte, with any, now time.Time) *Identity {
	found, ok := v.tokens.Get(hash)
	if !ok || found.keys != with || !found.identity.Expires.IsZero() && !now.Before(found.identity.Expires) {
		return nil
	}
	return found.identity
}

// add remembers a token that was accepted.
func (v *tokenCache) add(hash [sha256.Size]byte, with any, identity *Identity) {
	v.tokens.Add(hash, cachedToken{identity, with})
}
