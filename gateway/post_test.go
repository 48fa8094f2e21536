package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkPost is all that the gateway does for a POST of JSON but asking a node.
func BenchmarkPost(b *testing.B) {
	h := unreachable(b, Limits{}, nil)
	body := `{"query":"query P($f: PartFilter) { parts(filter: $f) { id name } }","variables":{"f":{"limit":3}},"operationName":"P"}`
	r := post(body)
	reader := strings.NewReader(body)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		r.Body = readCloser{reader}
		w.Body.Reset()
		h.ServeHTTP(w, r)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
