package auth

import (
	"crypto/sha256"
	"time"

	"github.com/louche-graphql/louche/auth/jwt"
	"github.com/louche-graphql/louche/internal/cache"
)

// The capacity of a token cache, in tokens and in bytes. The claims of a token take up
// to about claimSize times as many bytes as the token.
const (
	maxCachedTokens     = 4096
	maxCachedTokenBytes = 16 << 20
	claimSize           = 8
	identitySize        = 512
)

// tokenCache holds the identities of verified tokens by the hash of the token, until they
// expire. It evicts the least recently used. It does not hold refused tokens: they would
// evict verified ones.
type tokenCache struct {
	tokens *cache.Cache[[sha256.Size]byte, cachedToken]
}

type cachedToken struct {
	identity *Identity
	keys     *jwt.Keys // that verified the token
}

func newTokenCache() *tokenCache {
	return &tokenCache{cache.New[[sha256.Size]byte, cachedToken](maxCachedTokens, maxCachedTokenBytes)}
}

// get returns the identity of a token that these keys have verified, or nil.
func (c *tokenCache) get(hash [sha256.Size]byte, keys *jwt.Keys, now time.Time) *Identity {
	found, ok := c.tokens.Get(hash)
	if !ok || found.keys != keys || !found.identity.Expires.IsZero() && !now.Before(found.identity.Expires) {
		return nil
	}
	return found.identity
}

// add adds the identity of a token of length bytes that these keys have verified.
func (c *tokenCache) add(hash [sha256.Size]byte, length int, keys *jwt.Keys, identity *Identity) {
	c.tokens.Add(hash, cachedToken{identity, keys}, identitySize+claimSize*length)
}
