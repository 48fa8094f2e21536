package schema

import (
	"crypto/sha256"
	"runtime"
	"sync/atomic"
	"unsafe"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxKept bounds what is kept of all documents together, in bytes.
const maxKept = 32 << 20

// parsing bounds how many documents are parsed at once: each takes up to some 8 MiB
// meanwhile. It takes no time but the processor's, so more at once would not be done
// sooner.
var parsing = make(chan struct{}, runtime.GOMAXPROCS(0))

// beginParsing waits for a turn, which ends with the function that it returns.
func beginParsing() (end func()) {
	parsing <- struct{}{}
	return func() { <-parsing }
}

func parseInTurn(document string) *Document {
	defer beginParsing()()
	return parse(document)
}

// A DocumentCache reads documents and remembers what it found out about those that were
// used last, those that cannot be read too. It may be used by many at once.
//
// Documents come from clients: what is kept of one does not hold on to its text.
// It is about 1 KiB as a rule, and of all of them at most some 32 MiB.
type DocumentCache struct {
	parsed *lru.Cache[[sha256.Size]byte, *Document]
	kept   atomic.Int64
}

// NewDocumentCache remembers the size documents that were used last, or fewer if they
// are large; size is positive.
func NewDocumentCache(size int) *DocumentCache {
	d := new(DocumentCache)
	parsed, err := lru.NewWithEvict(size, func(_ [sha256.Size]byte, document *Document) {
		d.kept.Add(-int64(document.size))
	})
	if err != nil {
		panic("schema: " + err.Error())
	}
	d.parsed = parsed
	return d
}

// Get reads a document, if it is not remembered.
func (d *DocumentCache) Get(document string) *Document {
	// Hashing only reads; a conversion would copy the document.
	key := sha256.Sum256(unsafe.Slice(unsafe.StringData(document), len(document))) // #nosec G103 -- it stays as it is
	if known, found := d.parsed.Get(key); found {
		return known
	}
	read := parseInTurn(document)
	if known, found, _ := d.parsed.PeekOrAdd(key, read); found {
		return known // another was faster
	}
	for d.kept.Add(int64(read.size)); d.kept.Load() > maxKept; {
		if _, _, removed := d.parsed.RemoveOldest(); !removed {
			break
		}
	}
	return read
}

// Kind is [Document.Kind] of a document.
func (d *DocumentCache) Kind(document, operationName string) Kind {
	return d.Get(document).Kind(operationName)
}
