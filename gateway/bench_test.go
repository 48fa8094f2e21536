package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/engine"
)

// BenchmarkRequest measures what the gateway does for a request in each form, without a call
// of a node.
func BenchmarkRequest(b *testing.B) {
	const document = `query P($f: PartFilter) { parts(filter: $f) { id name } }`
	const rest = `"variables":{"f":{"limit":3}},"operationName":"P"`
	plain := fmt.Sprintf(`{"query":%q,%s}`, document, rest)
	hashed := fmt.Sprintf(`{"extensions":%s,%s}`, persistedExtensions(hashOf(document)), rest)
	batch := "[" + strings.Repeat(plain+",", 9) + plain + "]"

	var zipped bytes.Buffer
	zipper := gzip.NewWriter(&zipped)
	io.WriteString(zipper, plain)
	zipper.Close()
	file := manifest(b, fmt.Sprintf(`{"p":%q}`, document))
	documents, err := engine.LoadTrustedDocuments(engine.TrustedConfig{Mode: "log", Manifests: []string{file}})
	if err != nil {
		b.Fatal(err)
	}

	for _, c := range []struct {
		name    string
		trusted *engine.TrustedDocuments
		request *http.Request
		body    string
		header  [2]string
	}{
		{"json", nil, post(""), plain, [2]string{}},
		{"json, Apollo Client", nil, post(""), plain, [2]string{"Accept", "application/graphql-response+json,application/json;q=0.9"}},
		{"json, shorter timeout", nil, post(""), plain, [2]string{"X-Request-Timeout", "800ms"}},
		{"json, trusted documents", documents, post(""), plain, [2]string{}},
		{"gzip", nil, post(""), zipped.String(), [2]string{"Content-Encoding", "gzip"}},
		{"get", nil, get("query", document, "variables", `{"f":{"limit":3}}`, "operationName", "P"), "", [2]string{}},
		{"by hash", nil, post(""), hashed, [2]string{}},
		{"by id", documents, post(""), fmt.Sprintf(`{"id":"p",%s}`, rest), [2]string{}},
		{"batch of 10", nil, post(""), batch, [2]string{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			app := unreachableApp(b, auth.ContextConfig{}, forms)
			app.Trusted = c.trusted
			h := gatewayOf(app).Handler()
			h.ServeHTTP(httptest.NewRecorder(), post(fmt.Sprintf(`{"query":%q,"extensions":%s}`, document, persistedExtensions(hashOf(document)))))
			if c.header[0] != "" {
				c.request.Header.Set(c.header[0], c.header[1])
			}
			body := strings.NewReader("")
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(c.body)
				if c.body != "" {
					c.request.Body = readCloser{body}
				}
				w.Body.Reset()
				h.ServeHTTP(w, c.request)
			}
			if text := w.Body.String(); !strings.Contains(text, "NO_NODE_AVAILABLE") {
				b.Fatal(text)
			}
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
