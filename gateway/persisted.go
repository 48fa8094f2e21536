package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

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

// persisted finds the document that a request names by its hash alone.
func (h *graphQL) persisted(req *request) error {
	if h.app.Config.PersistedQueries == persistedOff {
		return persistedNotSupported
	}
	hash, ok := parseHash(req.hash)
	if ok {
		req.query, ok = h.gateway.persisted.Get(hash)
	}
	if !ok {
		return persistedNotFound
	}
	return nil
}

// parseHash reads a SHA-256 hash in hexadecimal.
func parseHash(text string) (hash [sha256.Size]byte, ok bool) {
	decoded, err := hex.DecodeString(text)
	return hash, err == nil && copy(hash[:], decoded) == len(decoded) && len(decoded) == len(hash)
}

// persist stores a document that came with its hash, once it is to be run. A document
// of unknown kind is most likely not GraphQL, and not stored.
func (h *graphQL) persist(req *request) {
	if req.sent && req.hash != "" && h.app.Config.PersistedQueries != persistedOff && req.operation.Kind != schema.Unknown {
		h.gateway.persisted.GetOrAdd(req.document.Hash, req.document.Text, len(req.document.Text))
	}
}
