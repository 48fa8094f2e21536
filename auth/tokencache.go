package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/louche-graphql/louche/auth/jwt"
)

// maxCachedTokens is the capacity of a token cache.
const maxCachedTokens = 4096

// tokenCache holds the identities of verified tokens by the hash of the token, until they
// expire. It evicts the least recently used. It does not hold refused tokens: they would
// evict verified ones.
type tokenCache struct {
	tokens *lru.Cache[[sha256.Size]byte, cachedToken]
}

type cachedToken struct {
	identity *Identity
	keys     *jwt.Keys // that verified the token
}

func newTokenCache() *tokenCache {
	tokens, err := lru.New[[sha256.Size]byte, cachedToken](maxCachedTokens)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &tokenCache{tokens}
}

// get returns the identity of a token that these keys have verified, or nil.
func (c *tokenCache) get(hash [sha256.Size]byte, keys *jwt.Keys, now time.Time) *Identity {
	found, ok := c.tokens.Get(hash)
	if !ok || found.keys != keys || !found.identity.Expires.IsZero() && !now.Before(found.identity.Expires) {
		return nil
	}
	return found.identity
}

// add adds the identity of a token that these keys have verified.
func (c *tokenCache) add(hash [sha256.Size]byte, keys *jwt.Keys, identity *Identity) {
	c.tokens.Add(hash, cachedToken{identity, keys})
}
