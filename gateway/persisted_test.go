package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func hashOf(document string) string {
	hash := sha256.Sum256([]byte(document))
	return hex.EncodeToString(hash[:])
}

func persistedExtensions(hash string) string {
	return fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":%q}}`, hash)
}

// get returns a GET with parameters.
func get(params ...string) *http.Request {
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	return httptest.NewRequest(http.MethodGet, "/graphql?"+values.Encode(), nil)
}

func TestPersistedQueries(t *testing.T) {
	const document, mutation, broken = `{ a }`, `mutation { a }`, `{ a `
	h := unreachable(t, Limits{}, nil)
	off := unreachable(t, Limits{}, nil, func(c *AppConfig) { c.PersistedQueries = "off" })
	hashed := func(document string) string { return persistedExtensions(hashOf(document)) }
	for _, step := range []struct {
		name    string
		handler http.Handler
		request *http.Request
		status  int
		code    string
	}{
		{"before it is known", h, post(`{"extensions":` + hashed(document) + `}`), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"before it is known, GET", h, get("extensions", hashed(document)), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"with another's hash", h, post(`{"query":"{ b }","extensions":` + hashed(document) + `}`), 400, "PERSISTED_QUERY_HASH_MISMATCH"},
		{"which stores nothing", h, post(`{"extensions":` + hashed(document) + `}`), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"with both", h, post(`{"query":"{ a }","extensions":` + hashed(document) + `}`), 503, "NO_NODE_AVAILABLE"},
		{"by hash", h, post(`{"extensions":` + hashed(document) + `,"query":null}`), 503, "NO_NODE_AVAILABLE"},
		{"by hash, GET", h, get("extensions", hashed(document)), 503, "NO_NODE_AVAILABLE"},
		{"a mutation with both, GET", h, get("query", mutation, "extensions", hashed(mutation)), 405, "METHOD_NOT_ALLOWED"},
		{"which stores nothing", h, get("extensions", hashed(mutation)), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"a mutation with both", h, post(`{"query":"mutation { a }","extensions":` + hashed(mutation) + `}`), 503, "NO_NODE_AVAILABLE"},
		{"a mutation by hash, GET", h, get("extensions", hashed(mutation)), 405, "METHOD_NOT_ALLOWED"},
		{"what does not parse", h, post(`{"query":"{ a ","extensions":` + hashed(broken) + `}`), 503, "NO_NODE_AVAILABLE"},
		{"is not stored", h, post(`{"extensions":` + hashed(broken) + `}`), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"no hash", h, post(`{"extensions":` + persistedExtensions("zz") + `}`), 200, "PERSISTED_QUERY_NOT_FOUND"},
		{"no hash, and a document", h, post(`{"query":"{ a }","extensions":` + persistedExtensions("zz") + `}`), 400, "PERSISTED_QUERY_HASH_MISMATCH"},
		{"more than a hash", h, post(`{"query":"{ a }","extensions":` + persistedExtensions(hashOf(document)+"00") + `}`), 400, "PERSISTED_QUERY_HASH_MISMATCH"},
		{"an empty hash", h, post(`{"extensions":` + persistedExtensions("") + `}`), 400, "BAD_REQUEST"},
		{"another version", h, post(`{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"00"}}}`), 400, "BAD_REQUEST"},
		{"no object", h, post(`{"query":"{ a }","extensions":{"persistedQuery":1}}`), 400, "BAD_REQUEST"},
		{"null", h, post(`{"query":"{ a }","extensions":{"persistedQuery":null}}`), 503, "NO_NODE_AVAILABLE"},
		{"null alone", h, post(`{"extensions":{"persistedQuery":null}}`), 400, "BAD_REQUEST"},
		{"off", off, post(`{"extensions":` + hashed(document) + `}`), 200, "PERSISTED_QUERY_NOT_SUPPORTED"},
		{"off, with a document", off, post(`{"query":"{ a }","extensions":` + hashed(document) + `}`), 503, "NO_NODE_AVAILABLE"},
	} {
		if status, code := ask(t, step.handler, step.request); status != step.status || code != step.code {
			t.Errorf("%s: %d %s, want %d %s", step.name, status, code, step.status, step.code)
		}
	}
}

// For application/graphql-response+json, an answer without data is not a success.
func TestPersistedQueryNotFoundByMediaType(t *testing.T) {
	r := get("extensions", persistedExtensions(hashOf("{ a }")))
	r.Header.Set("Accept", "application/graphql-response+json")
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil).ServeHTTP(w, r)
	if w.Code != 400 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
}
