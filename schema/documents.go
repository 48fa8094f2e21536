package schema

import (
	"crypto/sha256"
	"unsafe"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Documents classifies operations and remembers the documents it parsed, those
// that do not parse too. It may be used by many at once.
//
// Documents come from clients, so what is kept of one does not grow with it: its
// hash and its operations' names and kinds, about 250 bytes as a rule and never
// more than 3 KiB.
type Documents struct {
	parsed *lru.Cache[[sha256.Size]byte, operations]
}

// NewDocuments remembers the size documents that were used last; size is positive.
func NewDocuments(size int) *Documents {
	parsed, err := lru.New[[sha256.Size]byte, operations](size)
	if err != nil {
		panic("schema: " + err.Error())
	}
	return &Documents{parsed}
}

// Kind is the kind of the operation that Absinthe would run, given a document and
// the name of an operation. An absent name and "" are the same: then a document's
// only operation is meant.
//
// It is [Unknown] when no operation or more than one has the name; when there is no
// name and several operations, unless all are queries; and when the document is in
// doubt.
func (d *Documents) Kind(document, operationName string) Kind {
	// Hashing only reads; a conversion would copy the document.
	key := sha256.Sum256(unsafe.Slice(unsafe.StringData(document), len(document)))
	ops, found := d.parsed.Get(key)
	if !found {
		ops = parse(document)
		d.parsed.Add(key, ops)
	}
	return ops.kind(operationName)
}
