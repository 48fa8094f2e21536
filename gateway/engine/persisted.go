package engine

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/louche-graphql/louche/schema"
)

// Automatic persisted queries, as Apollo's clients speak them: a client sends the hash of its
// document alone. If the gateway does not have the document, the client sends both.

// findPersisted finds the document that a request names by its hash alone.
func (r *run) findPersisted() error {
	if r.Config.PersistedQueries == persistedOff {
		return errPersistedNotSupported
	}
	hash, ok := parseHash(r.Hash)
	if ok {
		r.Query, ok = r.persisted.Get(hash)
	}
	if !ok {
		return errPersistedNotFound
	}
	return nil
}

func parseHash(text string) (hash [sha256.Size]byte, ok bool) {
	decoded, err := hex.DecodeString(text)
	return hash, err == nil && copy(hash[:], decoded) == len(decoded) && len(decoded) == len(hash)
}

// persist stores a document that came with its hash, once it is to be run. A document
// of unknown kind is most likely not GraphQL, and not stored.
func (r *run) persist() {
	if r.sent && r.Hash != "" && r.Config.PersistedQueries != persistedOff && r.operation.Kind != schema.Unknown {
		r.persisted.GetOrAdd(r.document.Hash, r.document.Text, max(len(r.document.Text), minPersisted))
	}
}

// minPersisted is the least that a stored document counts, in bytes.
const minPersisted = 256
