package cache

import "testing"

func TestCache(t *testing.T) {
	evicted := make(map[string]int)
	c := NewWithEvict(3, 100, func(key string, value int) { evicted[key] = value })
	c.Add("a", 1, 40)
	c.Add("b", 2, 40)
	if _, found := c.Get("a"); !found {
		t.Fatal("a is not cached")
	}
	c.Add("c", 3, 40) // b is the least recently used
	if _, found := c.Get("b"); found || c.Len() != 2 || c.Bytes() != 80 || evicted["b"] != 2 {
		t.Errorf("%d entries of %d bytes, b among them: %v, evicted: %v", c.Len(), c.Bytes(), found, evicted)
	}
	c.Add("d", 4, 101)
	if _, found := c.Get("d"); found || c.Len() != 2 || evicted["d"] != 4 {
		t.Error("a value larger than the cache takes room")
	}
	c.Add("a", 5, 10)
	if value, _ := c.Get("a"); value != 5 || c.Bytes() != 50 || evicted["a"] != 1 {
		t.Errorf("replaced: %d, %d bytes, evicted: %v", value, c.Bytes(), evicted)
	}
	if value, found := c.GetOrAdd("a", 6, 10); !found || value != 5 {
		t.Errorf("a is replaced by %d", value)
	}
	if value, found := c.GetOrAdd("e", 7, 0); found || value != 7 {
		t.Errorf("e is %d, found: %v", value, found)
	}
	c.Add("f", 8, 0)
	if _, found := c.Get("c"); found || c.Len() != 3 || c.Bytes() != 10 {
		t.Errorf("%d entries of %d bytes where three are allowed", c.Len(), c.Bytes())
	}
	if values := c.Values(); len(values) != 3 || values[2] != 8 {
		t.Errorf("values: %v", values)
	}
}
