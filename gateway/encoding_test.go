package gateway

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/louche-graphql/louche/internal/memory"
)

func compressed(t testing.TB, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch name {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func uncompressed(t testing.TB, name, body string) string {
	t.Helper()
	var r io.Reader
	var err error
	switch name {
	case "":
		return body
	case "gzip":
		r, err = gzip.NewReader(strings.NewReader(body))
	case "br":
		r = brotli.NewReader(strings.NewReader(body))
	case "zstd":
		r, err = zstd.NewReader(strings.NewReader(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// funded is an exchange with an account in a budget of limit bytes.
func funded(limit int64) *exchange { return &exchange{account: memory.NewBudget(limit).Open()} }

func compresses(c compression, x *exchange, r *http.Request) bool {
	_, done := c.compress(x, r)
	return done
}

func TestCompressedBodies(t *testing.T) {
	h := unreachable(t, Limits{Body: 10_000}, nil)
	good := `{"query":"{ a }","x":"` + strings.Repeat("x", 9000) + `"}`
	bomb := `{"query":"{ a }","x":"` + strings.Repeat("x", 8_000_000) + `"}`
	for _, name := range codings {
		taken := funded(20_000)
		if err := decompress(taken, name, []byte(compressed(t, name, bomb)), 10_000); err == nil || len(taken.body) > 10_001 {
			t.Errorf("%s: %d bytes are taken of a bomb, %v", name, len(taken.body), err)
		}
		body := compressed(t, name, good)
		for what, c := range map[string]struct {
			encoding, body string
			status         int
			code           string
		}{
			"good":         {name, body, 503, "NO_NODE_AVAILABLE"},
			"in capitals":  {strings.ToUpper(name), body, 503, "NO_NODE_AVAILABLE"},
			"a bomb":       {name, compressed(t, name, bomb), 413, "PAYLOAD_TOO_LARGE"},
			"too large":    {name, compressed(t, name, good+strings.Repeat(" ", 2000)), 413, "PAYLOAD_TOO_LARGE"},
			"cut off":      {name, body[:len(body)-6], 400, "BAD_REQUEST"},
			"empty":        {name, compressed(t, name, ""), 400, "BAD_REQUEST"},
			"nothing":      {name, "", 400, "BAD_REQUEST"},
			"not so":       {name, good, 415, "UNSUPPORTED_ENCODING"},
			"twice":        {name + ", " + name, compressed(t, name, body), 415, "UNSUPPORTED_ENCODING"},
			"no GraphQL":   {name, compressed(t, name, "x"), 400, "BAD_REQUEST"},
			"unknown":      {"compress", body, 415, "UNSUPPORTED_ENCODING"},
			"as it is":     {"identity", good, 503, "NO_NODE_AVAILABLE"},
			"as it is not": {"identity", body, 400, "BAD_REQUEST"},
		} {
			r := post(c.body)
			r.Header.Set("Content-Encoding", c.encoding)
			if status, code := ask(t, h, r); status != c.status || code != c.code {
				t.Errorf("%s, %s: %d %s, want %d %s", name, what, status, code, c.status, c.code)
			}
		}
	}
	r := post(compressed(t, "gzip", good))
	r.Header["Content-Encoding"] = []string{"gzip", "br"}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Accept-Encoding"); w.Code != 415 || got != "zstd, br, gzip" {
		t.Errorf("two codings: %d, Accept-Encoding %q", w.Code, got)
	}
}

func TestChoiceOfCoding(t *testing.T) {
	all := compression{codings: codings}
	for _, c := range []struct {
		compression compression
		accept      string
		want        string
	}{
		{all, "gzip, deflate, br, zstd", "zstd"},
		{all, "gzip, deflate, br", "gzip"},
		{all, "gzip", "gzip"},
		{all, "GZIP", "gzip"},
		{all, "gzip;q=1.0, br;q=0.9", "gzip"},
		{all, "*", "zstd"},
		{all, "zstd;q=0, *", "gzip"},
		{all, "gzip, *;q=0", "gzip"},
		{all, "gzip;q=0", "identity"},
		{all, "identity, gzip;q=0.5", "identity"},
		{all, "identity, gzip", "gzip"},
		{all, "identity;q=0", "identity"},
		{all, "deflate", "identity"},
		{all, "", "identity"},
		{compression{codings: []string{"gzip", "zstd"}}, "gzip, br, zstd", "gzip"},
		{compression{}, "gzip", "identity"},
	} {
		if got := c.compression.choose([]string{c.accept}); got != c.want {
			t.Errorf("%q of %v: %s, want %s", c.accept, c.compression.codings, got, c.want)
		}
	}
}

func TestCompressedAnswers(t *testing.T) {
	large := strings.Repeat(`{"id":"p1","name":"Person 1"},`, 200)
	c := compression{codings, 2048}
	for _, name := range codings {
		for range 2 { // with encoders that were used before
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", name)
			x := funded(1 << 20)
			x.answer = []byte(large)
			got, done := c.compress(x, r)
			if !done || got != name || len(x.packed) > len(large)/4 || uncompressed(t, name, string(x.packed)) != large {
				t.Errorf("%s: %d bytes of %d, as %q", name, len(x.packed), len(large), got)
			}
			x = funded(1 << 20)
			if x.answer = []byte(large)[:2047]; compresses(c, x, r) {
				t.Errorf("%s: a small answer is compressed", name)
			}
		}
	}
	x := funded(1 << 20)
	if x.answer = []byte(large); compresses(c, x, httptest.NewRequest(http.MethodGet, "/", nil)) {
		t.Error("compressed for a client that did not ask for it")
	}
}

// Whatever the bytes, there is an answer, and no more is read than may be.
func FuzzDecompress(f *testing.F) {
	for i, name := range codings {
		f.Add(uint8(i), []byte(compressed(f, name, `{"query":"{ a }"}`)))
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		const limit = 10_000
		x := funded(2 * limit)
		err := decompress(x, codings[int(i)%len(codings)], body, limit)
		if len(x.body) > limit+1 || err == nil && len(x.body) > limit {
			t.Errorf("%d bytes", len(x.body))
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	answer := []byte(`{"data":{"parts":[` + strings.Repeat(`{"id":"p1","name":"Person 1","price":"1.50","addedOn":"2026-01-31"},`, 500))
	for _, name := range codings {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", name)
			c, x := compression{codings, 2048}, funded(1<<20)
			x.answer = answer
			b.SetBytes(int64(len(answer)))
			b.ReportAllocs()
			for b.Loop() {
				c.compress(x, r)
			}
			b.ReportMetric(float64(len(answer))/float64(len(x.packed)), "ratio")
		})
	}
}

func BenchmarkDecompress(b *testing.B) {
	for _, name := range codings {
		b.Run(name, func(b *testing.B) {
			body := []byte(compressed(b, name, `{"query":"{ a }","x":"`+strings.Repeat("abcdefgh", 500)+`"}`))
			x := funded(1 << 20)
			b.ReportAllocs()
			for b.Loop() {
				x.body = x.body[:0]
				if err := decompress(x, name, body, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
