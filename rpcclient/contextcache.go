package rpcclient

import (
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Bounds of the cache of built contexts. Each key of a context is stored twice.
const (
	maxCachedContexts = 4096
	maxCacheBytes     = 32 << 20
	maxCachedContext  = 16 << 10 // bytes
	keyOverhead       = 64       // bytes of overhead for a key, about
	contextOverhead   = 256      // bytes of overhead for a context, about
)

// contextKey identifies a cached context by Operation.ContextKey and the connection to
// the node that built it, the only one it is sent over.
type contextKey struct {
	conn     uint64
	identity string
}

// builtContext is a context that the application built on a node.
type builtContext struct {
	members []byte // keys and values, with atoms spelled out
	keys    map[string]struct{}
	expires time.Time
}

// initContexts initializes what ContextFrom needs.
func (a *Absinthe) initContexts() {
	a.once.Do(func() {
		a.expression = a.Config.contextExpression()
		a.contexts = cache.New[contextKey, *builtContext](maxCachedContexts, maxCacheBytes)
	})
}

// cachedContext returns the cached context of a key, or nil.
func (a *Absinthe) cachedContext(key contextKey, now time.Time) *builtContext {
	c, ok := a.contexts.Get(key)
	if !ok || !now.Before(c.expires) {
		return nil
	}
	return c
}

// cacheContext caches a copy of a built context, unless it is too large or holds terms
// that cannot be sent back.
func (a *Absinthe) cacheContext(key contextKey, built etf.Term, until time.Time) {
	if len(built.Bytes) > maxCachedContext {
		return
	}
	b, err := etf.AppendTerm(nil, built)
	if err != nil || len(b) > maxCachedContext {
		return
	}
	d := etf.NewDecoder(etf.Term{Bytes: b})
	n, err := d.Map()
	if err != nil || len(b)+n*keyOverhead > maxCachedContext {
		return
	}
	c := &builtContext{members: d.Rest().Bytes, keys: make(map[string]struct{}, n), expires: until}
	for range n {
		name, err := d.Term()
		if err != nil || d.Skip() != nil {
			return
		}
		c.keys[string(name.Bytes)] = struct{}{}
	}
	if len(c.keys) == n { // otherwise a key is there twice
		a.contexts.Add(key, c, contextOverhead+len(key.identity)+2*len(b)+n*keyOverhead)
	}
}

// appendMerged appends the configured context, an encoded map or nothing, merged with
// this one as by maps:merge/2. A node refuses a map with a duplicate key.
func (c *builtContext) appendMerged(b, configured []byte) ([]byte, error) {
	start, n := len(b), len(c.keys)
	b = append(etf.AppendMap(b, 0), c.members...)
	if len(configured) > 0 {
		d := etf.NewDecoder(etf.Term{Bytes: configured})
		pairs, err := d.Map()
		if err != nil {
			return nil, err
		}
		for range pairs {
			key, err := d.Term()
			if err != nil {
				return nil, err
			}
			value, err := d.Term()
			if err != nil {
				return nil, err
			}
			if _, ours := c.keys[string(key.Bytes)]; !ours {
				b = append(append(b, key.Bytes...), value.Bytes...)
				n++
			}
		}
	}
	etf.AppendMap(b[:start], n) // overwrites the header with the final number of pairs
	return b, nil
}
