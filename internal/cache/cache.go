// Package cache remembers values by their keys, within a number of entries and of
// bytes. The entries that were used longest ago make room.
//
// A bound on entries alone is none where their size is for clients to choose.
package cache

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A Cache may be used by any number of goroutines.
type Cache[K comparable, V any] struct {
	mu      sync.Mutex
	entries *simplelru.LRU[K, entry[V]]
	bytes   int
	limit   int // of bytes
}

type entry[V any] struct {
	value V
	size  int
}

// New makes a cache for so many entries, and so many bytes of them together.
func New[K comparable, V any](entries, bytes int) *Cache[K, V] {
	c := &Cache[K, V]{limit: bytes}
	var err error
	c.entries, err = simplelru.NewLRU(entries, func(_ K, e entry[V]) { c.bytes -= e.size })
	if err != nil { // entries is not positive
		panic("cache: " + err.Error())
	}
	return c
}

// Get returns the value of a key.
func (c *Cache[K, V]) Get(key K) (value V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, found := c.entries.Get(key)
	return e.value, found
}

// Add remembers a value of size bytes, and forgets the one that the key had. A value
// that is larger than the cache is not remembered.
func (c *Cache[K, V]) Add(key K, value V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(key)
	if size > c.limit {
		return
	}
	c.entries.Add(key, entry[V]{value, size})
	c.bytes += size
	for c.bytes > c.limit {
		c.entries.RemoveOldest()
	}
}

// Len is how many values are remembered.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries.Len()
}

// Bytes is how large they are together.
func (c *Cache[K, V]) Bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
