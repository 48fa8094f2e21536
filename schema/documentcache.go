package schema

import (
	"runtime"

	"github.com/louche-graphql/louche/internal/cache"
)

// maxCachedBytes bounds the memory of all cached documents together, texts included.
const maxCachedBytes = 32 << 20

// parsing bounds how many documents are parsed at once: each takes up to some 8 MiB
// meanwhile. Parsing is bound by the processor, so more at once would not be faster.
var parsing = make(chan struct{}, runtime.GOMAXPROCS(0))

// beginParsing waits for a turn, which ends with the function that it returns.
func beginParsing() (end func()) {
	parsing <- struct{}{}
	return func() { <-parsing }
}

// A DocumentCache parses documents and keeps the ones used last, unreadable ones
// included. It is safe for concurrent use.
//
// Clients choose the documents, so the cache is bounded in bytes: 32 MiB in total.
type DocumentCache struct {
	documents *cache.Cache[string, *Document]
}

// NewDocumentCache returns a cache of at most maxDocuments documents, which is
// positive.
func NewDocumentCache(maxDocuments int) *DocumentCache {
	return &DocumentCache{cache.New[string, *Document](maxDocuments, maxCachedBytes)}
}

// Get returns the document with a text, parsing it unless it is cached.
func (c *DocumentCache) Get(text string) *Document {
	d, found := c.documents.Get(text)
	if !found {
		d = parseInTurn(text)
		d, _ = c.documents.GetOrAdd(d.Text, d, d.size)
	}
	return d
}

func parseInTurn(text string) *Document {
	defer beginParsing()()
	return parse(text)
}
