package rpcclient

import (
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Of contexts that the application built, so many are kept, of so many bytes together,
// if they are no larger than that. Keys are there twice.
const (
	maxCachedContexts = 4096
	maxCacheBytes     = 32 << 20
	maxCachedContext  = 16 << 10 // bytes
	keyOverhead       = 64       // bytes that a key takes besides its own, about
	contextOverhead   = 256      // bytes that a context takes besides its own, about
)

// contextKey tells contexts apart: by the connection to the node that built them,
// which is the only one they are sent over, and by identity.
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

// prepare makes what only applications with a function of their own need.
func (a *Absinthe) prepare() {
	a.once.Do(func() {
		a.expression = a.Config.contextExpression()
		a.contexts = cache.New[contextKey, *builtContext](maxCachedContexts, maxCacheBytes)
	})
}

// known returns the context that was built over a connection for an identity, nil if
// it has to be built.
func (a *Absinthe) cachedContext(key contextKey, now time.Time) *builtContext {
	c, ok := a.contexts.Get(key)
	if !ok || !now.Before(c.expires) {
		return nil
	}
	return c
}

// keep remembers what was built, unless it is too large or not fit to be sent back. It
// copies the term.
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
	if len(c.keys) == n { // else it is no map
		a.contexts.Add(key, c, contextOverhead+len(key.identity)+2*len(b)+n*keyOverhead)
	}
}

// over appends this context merged over the configured one, an encoded map or
// nothing, as maps:merge/2 does: a node does not take a map with a key twice.
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
	etf.AppendMap(b[:start], n) // the same bytes again, with the number now known
	return b, nil
}
