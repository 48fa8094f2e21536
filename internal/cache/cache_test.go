package cache

import "testing"

func TestCache(t *testing.T) {
	c := New[string, int](3, 100)
	c.Add("a", 1, 40)
	c.Add("b", 2, 40)
	if _, found := c.Get("a"); !found {
		t.Fatal("what fits is not remembered")
	}
	c.Add("c", 3, 40) // b was used longest ago
	if _, found := c.Get("b"); found || c.Len() != 2 || c.Bytes() != 80 {
		t.Errorf("%d entries of %d bytes, b among them: %v", c.Len(), c.Bytes(), found)
	}
	c.Add("d", 4, 101)
	if _, found := c.Get("d"); found || c.Len() != 2 {
		t.Error("one value takes the room of all")
	}
	c.Add("a", 5, 10)
	if value, _ := c.Get("a"); value != 5 || c.Bytes() != 50 {
		t.Errorf("replaced: %d, %d bytes", value, c.Bytes())
	}
	c.Add("e", 6, 0)
	c.Add("f", 7, 0)
	if _, found := c.Get("c"); found || c.Len() != 3 || c.Bytes() != 10 {
		t.Errorf("%d entries of %d bytes where three may be", c.Len(), c.Bytes())
	}
}
