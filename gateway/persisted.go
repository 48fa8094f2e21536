package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/internal/strictjson"
	"github.com/louche-graphql/louche/schema"
)

// Automatic persisted queries, as Apollo's clients speak them: a client sends the
// hash of its document; if nobody has sent the document with it before, it is told
// so and sends both.

// What persisted_queries can be.
const (
	persistedAutomatic = "automatic"
	persistedOff       = "off"
)

// persistedHash is the hash in a request's extensions, or "". A request without a
// document says with it which one it means; one with a document, what it can be
// called by from then on.
func persistedHash(extensions json.RawMessage) (hash string, err error) {
	if !bytes.Contains(extensions, []byte("persistedQuery")) {
		return "", nil
	}
	raw := strictjson.Object(extensions)["persistedQuery"]
	if len(raw) == 0 || bytes.Equal(raw, null) {
		return "", nil
	}
	persisted := strictjson.Object(raw)
	if string(persisted["version"]) != "1" || json.Unmarshal(persisted["sha256Hash"], &hash) != nil || hash == "" {
		return "", badRequest(`"persistedQuery" in the request's extensions is not {"version": 1, "sha256Hash": "…"}.`)
	}
	return hash, nil
}

// persisted finds the document that a request means by its hash alone, or checks
// the hash of one that comes with both.
func (h *graphQL) persisted(req *request) error {
	if h.app.Config.PersistedQueries == persistedOff {
		if req.query == "" {
			return persistedNotSupported
		}
		return nil
	}
	var hash [sha256.Size]byte
	decoded, err := hex.DecodeString(req.hash)
	known := err == nil && len(decoded) == len(hash)
	copy(hash[:], decoded)
	if req.query == "" {
		if known {
			req.query, known = h.gateway.persisted.get(hash)
		}
		if !known {
			return persistedNotFound
		}
		return nil
	}
	if !known || sha256.Sum256([]byte(req.query)) != hash {
		return persistedMismatch
	}
	req.offered = &hash
	return nil
}

// persist keeps a document that came with its hash, once it is to be run. What cannot
// be classified is most likely not GraphQL, and not worth the room.
func (h *graphQL) persist(req *request) {
	if req.offered != nil && req.document.Kind(req.operationName) != schema.Unknown {
		h.gateway.persisted.add(*req.offered, req.query)
	}
}

// documentStore holds the documents that were used last. It is bounded in number
// and in bytes, since anybody can fill it.
type documentStore struct {
	documents *cache.Cache[[sha256.Size]byte, string]
}

func newDocumentStore(entries, bytes int) *documentStore {
	return &documentStore{cache.New[[sha256.Size]byte, string](entries, bytes)}
}

func (s *documentStore) get(hash [sha256.Size]byte) (document string, found bool) {
	return s.documents.Get(hash)
}

func (s *documentStore) add(hash [sha256.Size]byte, document string) {
	if _, known := s.get(hash); !known {
		s.documents.Add(hash, strings.Clone(document), len(document)) // it may be a part of a long URL
	}
}
