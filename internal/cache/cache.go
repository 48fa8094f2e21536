// Package cache keeps values by key, bounded in entries and in bytes. The least
// recently used entries make room.
//
// Where clients choose the size of values, a bound on entries alone bounds nothing.
package cache

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A Cache is safe for concurrent use.
type Cache[K comparable, V any] struct {
	mu       sync.Mutex
	entries  *simplelru.LRU[K, entry[V]]
	bytes    int
	maxBytes int
	onEvict  func(K, V)
}

type entry[V any] struct {
	value V
	size  int
}

// New returns a cache of at most maxEntries values, of maxBytes together. maxEntries is
// positive. If every value is added with size 0, only maxEntries counts.
func New[K comparable, V any](maxEntries, maxBytes int) *Cache[K, V] {
	return NewWithEvict(maxEntries, maxBytes, func(K, V) {})
}

// NewWithEvict is like [New]. The cache calls onEvict with each value that it drops;
// onEvict must not use the cache.
func NewWithEvict[K comparable, V any](maxEntries, maxBytes int, onEvict func(K, V)) *Cache[K, V] {
	c := &Cache[K, V]{maxBytes: maxBytes, onEvict: onEvict}
	var err error
	c.entries, err = simplelru.NewLRU(maxEntries, func(key K, e entry[V]) {
		c.bytes -= e.size
		onEvict(key, e.value)
	})
	if err != nil { // maxEntries is not positive
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

// Add sets the value of a key; size is in bytes. The cache drops a value that is larger
// than itself at once.
func (c *Cache[K, V]) Add(key K, value V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key, value, size)
}

// GetOrAdd returns the value of a key if there is one, and adds value otherwise.
func (c *Cache[K, V]) GetOrAdd(key K, value V, size int) (_ V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, found := c.entries.Get(key); found {
		return e.value, true
	}
	c.add(key, value, size)
	return value, false
}

func (c *Cache[K, V]) add(key K, value V, size int) {
	c.entries.Remove(key)
	if size > c.maxBytes {
		c.onEvict(key, value)
		return
	}
	c.entries.Add(key, entry[V]{value, size})
	c.bytes += size
	for c.bytes > c.maxBytes {
		c.entries.RemoveOldest()
	}
}

// Values returns all values, the least recently used first.
func (c *Cache[K, V]) Values() []V {
	c.mu.Lock()
	defer c.mu.Unlock()
	values := make([]V, 0, c.entries.Len())
	for _, e := range c.entries.Values() {
		values = append(values, e.value)
	}
	return values
}

// Len returns the number of values.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries.Len()
}

// Bytes returns the size of all values together.
func (c *Cache[K, V]) Bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
