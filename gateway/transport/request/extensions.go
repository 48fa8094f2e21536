package request

import (
	"bytes"
	"encoding/json"

	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// persistedHash returns extensions.persistedQuery.sha256Hash, or "" (automatic persisted
// queries of Apollo).
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
		return "", response.BadRequest(`"persistedQuery" in the request's extensions is not {"version": 1, "sha256Hash": "…"}.`)
	}
	return hash, nil
}

// streamID returns extensions.operationId, or "" (GraphQL over Server-Sent Events).
func streamID(extensions json.RawMessage) (id string, err error) {
	if bytes.Contains(extensions, []byte("operationId")) {
		_, err = Text(strictjson.Object(extensions), "operationId", &id)
	}
	return id, err
}

// wantsGaps reports whether extensions.gaps is true.
func wantsGaps(extensions json.RawMessage) bool {
	return bytes.Contains(extensions, []byte("gaps")) && string(strictjson.Object(extensions)["gaps"]) == "true"
}
