package gateway

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/engine"
)

// manifest writes a manifest and returns the name of its file.
func manifest(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	apolloManifest = `{"format":"apollo-persisted-query-manifest","version":1,"operations":[
		{"id":"aa11","name":"A","type":"query","body":"query A { a }"},
		{"id":"bb22","name":"B","type":"mutation","body":"mutation B { b }"}]}`
	relayManifest = `{"cc33":"query C { c }"}`
)

// trusting returns the handler of a gateway with both manifests, and its log.
func trusting(t *testing.T, mode string) (http.Handler, *strings.Builder) {
	t.Helper()
	cfg := engine.TrustedConfig{Mode: mode, Manifests: []string{manifest(t, apolloManifest), manifest(t, relayManifest)}}
	app := unreachableApp(t, auth.ContextConfig{})
	app.Config.Trusted.Mode = mode
	var err error
	if app.Trusted, err = engine.LoadTrustedDocuments(cfg); err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	return newGateway(Limits{}, slog.New(slog.NewTextHandler(&logged, nil)), app).Handler(), &logged
}

func TestTrustedDocuments(t *testing.T) {
	type answers struct{ off, log, enforce string }
	const passed, unknown, refused = "NO_NODE_AVAILABLE", "PERSISTED_QUERY_NOT_IN_LIST", "QUERY_NOT_IN_SAFELIST"
	for name, c := range map[string]struct {
		request func() *http.Request
		want    answers
	}{
		"documentId":        {func() *http.Request { return post(`{"documentId":"aa11"}`) }, answers{unknown, passed, passed}},
		"its prefix":        {func() *http.Request { return post(`{"documentId":"sha256:aa11"}`) }, answers{unknown, passed, passed}},
		"id, of Relay":      {func() *http.Request { return post(`{"id":"cc33","query":null}`) }, answers{unknown, passed, passed}},
		"hash":              {func() *http.Request { return post(`{"extensions":` + persistedExtensions("bb22") + `}`) }, answers{"PERSISTED_QUERY_NOT_FOUND", passed, passed}},
		"GET":               {func() *http.Request { return get("documentId", "aa11") }, answers{unknown, passed, passed}},
		"GET by id":         {func() *http.Request { return get("id", "cc33", "query", "") }, answers{unknown, passed, passed}},
		"GET of a mutation": {func() *http.Request { return get("documentId", "bb22") }, answers{unknown, "METHOD_NOT_ALLOWED", "METHOD_NOT_ALLOWED"}},
		"unknown id":        {func() *http.Request { return post(`{"documentId":"dd44"}`) }, answers{unknown, unknown, unknown}},
		"unknown hash":      {func() *http.Request { return post(`{"extensions":` + persistedExtensions("dd44") + `}`) }, answers{"PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_FOUND", unknown}},
		"number as id":      {func() *http.Request { return post(`{"documentId":1}`) }, answers{"BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST"}},
		"trusted text":      {func() *http.Request { return post(`{"query":"query C { c }"}`) }, answers{passed, passed, passed}},
		"other text":        {func() *http.Request { return post(`{"query":"query C { c  }"}`) }, answers{passed, passed, refused}},
		"other text and id": {func() *http.Request { return post(`{"query":"{ c }","documentId":"aa11"}`) }, answers{passed, passed, refused}},
		"other text, hash": {func() *http.Request {
			return post(`{"query":"{ c }","extensions":` + persistedExtensions(hashOf("{ c }")) + `}`)
		}, answers{passed, passed, refused}},
		"empty text": {func() *http.Request { return post(`{"query":""}`) }, answers{passed, passed, refused}},
	} {
		for mode, want := range map[string]string{"off": c.want.off, "log": c.want.log, "enforce": c.want.enforce} {
			h, logged := trusting(t, mode)
			if _, code := ask(t, h, c.request()); code != want {
				t.Errorf("%s, %s: %s, want %s", name, mode, code, want)
			}
			ask(t, h, c.request())
			lines := strings.Count(logged.String(), "document is in no manifest")
			other := mode == "log" && (strings.HasPrefix(name, "other text") || name == "empty text")
			if (lines == 1) != other || lines > 1 {
				t.Errorf("%s, %s: logged %d times", name, mode, lines)
			}
		}
	}
}

func TestBadManifests(t *testing.T) {
	for name, text := range map[string]string{
		"empty":              ``,
		"null":               `null`,
		"a list":             `[]`,
		"no documents":       `{"a":1}`,
		"another format":     `{"format":"x","version":1,"operations":[]}`,
		"another version":    `{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}`,
		"an empty document":  `{"a":""}`,
		"an empty id":        `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"","body":"{ a }"}]}`,
		"half a pair":        `{"a":"{ a(b: \"\ud800\") }"}`,
		"two of one id":      `{"a":"{ a }","\u0061":"{ b }"}`,
		"two of the same id": `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a","body":"{ a }"},{"id":"a","body":"{ b }"}]}`,
	} {
		file := manifest(t, text)
		if _, err := engine.LoadTrustedDocuments(engine.TrustedConfig{Mode: "log", Manifests: []string{file}}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := engine.LoadTrustedDocuments(engine.TrustedConfig{Mode: "off", Manifests: []string{file}}); err != nil {
			t.Errorf("%s, off: %v", name, err)
		}
	}
}
