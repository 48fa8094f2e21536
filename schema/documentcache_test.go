package schema

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestDocumentCache(t *testing.T) {
	c := NewDocumentCache(2)
	for range 2 {
		for text, kind := range map[string]Kind{`{ a }`: Query, `mutation { a }`: Mutation, `subscription { a }`: Subscription, `{`: Unknown} {
			if d := c.Get(text); d.Text != text || d.Hash != sha256.Sum256([]byte(text)) || d.Operation("").Kind != kind {
				t.Errorf("%s: %+v", text, d)
			}
		}
	}
	if first := c.Get(`{ a }`); c.Get(`{ a }`) != first {
		t.Error("a document is parsed again")
	}
	if n := c.documents.Len(); n != 2 {
		t.Errorf("%d documents are cached", n)
	}
}

// Neither documents with large orders nor long ones exceed the bound.
func TestDocumentCacheIsBoundedInBytes(t *testing.T) {
	for name, text := range map[string]string{
		"fields":  `{` + distinct(10_000, "field%d ") + `}`,
		"comment": `{ a } # ` + strings.Repeat("#", 1<<20),
	} {
		c := NewDocumentCache(1 << 20)
		for i := range 60 {
			c.Get(fmt.Sprintf(`query A%d `, i) + text)
		}
		if n := c.documents.Bytes(); n > maxCachedBytes || n < maxCachedBytes/2 {
			t.Errorf("%s: %d bytes are cached", name, n)
		}
	}
}

func TestDocumentCacheConcurrently(t *testing.T) {
	c := NewDocumentCache(2)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			text := fmt.Sprintf(`query A { a%d } mutation M { m }`, i)
			for range 1000 {
				d := c.Get(text)
				if a, m := d.Operation("A").Kind, d.Operation("M").Kind; a != Query || m != Mutation {
					t.Errorf("A is %s, M is %s", a, m)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestCachedDocumentDoesNotAllocate(t *testing.T) {
	c := NewDocumentCache(1)
	if n := testing.AllocsPerRun(100, func() { c.Get(benchmarked).Operation("Posts") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCachedDocument(b *testing.B) {
	c := NewDocumentCache(1)
	b.ReportAllocs()
	for b.Loop() {
		c.Get(benchmarked).Operation("Posts")
	}
}
