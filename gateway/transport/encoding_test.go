package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/louche-graphql/louche/gateway/response"
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

// openStateFor returns the state of a request with a budget of limit bytes.
func openStateFor(t testing.TB, limit int64) *responseState {
	t.Helper()
	account := memory.NewBudget(limit).Open()
	s, err := openState(account, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.close()
		account.Close()
	})
	return s
}

// setAnswer gives a state an answer.
func setAnswer(s *responseState, text string) {
	s.result.JSON.Bytes = append(s.result.JSON.Bytes[:0], text...)
}

func TestDecompressionIsBounded(t *testing.T) {
	const limit = 10_000
	bomb := strings.Repeat("x", 8_000_000)
	for _, name := range codings {
		s := openStateFor(t, 8*limit)
		if err := decompress(s, name, []byte(compressed(t, name, bomb)), limit); err == nil || len(s.body.Bytes) > limit+1 {
			t.Errorf("%s: %d bytes are read of a bomb, %v", name, len(s.body.Bytes), err)
		}
	}
}

func TestCompressedBodies(t *testing.T) {
	h := &Handler{limits: Limits{Body: 10_000}}
	good := strings.Repeat("x", 9000)
	for _, name := range codings {
		body := compressed(t, name, good)
		for what, c := range map[string]struct {
			encoding, body string
			want           string // the content
			status         int    // 0: it is read
			code           string
		}{
			"good":                 {name, body, good, 0, ""},
			"in capitals":          {strings.ToUpper(name), body, good, 0, ""},
			"uncompressed":         {"identity", good, good, 0, ""},
			"compressed as well":   {"identity", body, body, 0, ""},
			"of nothing":           {name, compressed(t, name, ""), "", 0, ""},
			"a bomb":               {name, compressed(t, name, strings.Repeat("x", 8_000_000)), "", 413, "PAYLOAD_TOO_LARGE"},
			"too large":            {name, compressed(t, name, good+strings.Repeat(" ", 2000)), "", 413, "PAYLOAD_TOO_LARGE"},
			"cut off":              {name, body[:len(body)-6], "", 400, "BAD_REQUEST"},
			"empty":                {name, "", "", 400, "BAD_REQUEST"},
			"not compressed":       {name, good, "", 415, "UNSUPPORTED_ENCODING"},
			"compressed twice":     {name + ", " + name, compressed(t, name, body), "", 415, "UNSUPPORTED_ENCODING"},
			"of an unknown coding": {"compress", body, "", 415, "UNSUPPORTED_ENCODING"},
		} {
			if what == "empty" && name == codingZstd {
				continue // no frames are a valid content (RFC 8878, section 3)
			}
			s, r := openStateFor(t, 1<<20), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			r.Header.Set("Content-Encoding", c.encoding)
			err := h.readBody(s, httptest.NewRecorder(), r)
			var e *response.Error
			if errors.As(err, &e) {
				if e.Status != c.status || e.Code != c.code {
					t.Errorf("%s, %s: %d %s, want %d %s", name, what, e.Status, e.Code, c.status, c.code)
				}
			} else if err != nil || c.status != 0 || string(s.body.Bytes) != c.want {
				t.Errorf("%s, %s: %d bytes, %v", name, what, len(s.body.Bytes), err)
			}
		}
	}
	_, err := coding(http.Header{"Content-Encoding": {"gzip", "br"}})
	var e *response.Error
	if !errors.As(err, &e) || e.Status != 415 || e.Header != [2]string{"Accept-Encoding", "zstd, br, gzip"} {
		t.Errorf("two codings: %+v", e)
	}
}

func TestChoiceOfCoding(t *testing.T) {
	all := compression{codings}
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
		{compression{[]string{"gzip", "zstd"}}, "gzip, br, zstd", "gzip"},
		{compression{}, "gzip", "identity"},
	} {
		if got := c.compression.choose([]string{c.accept}); got != c.want {
			t.Errorf("%q of %v: %s, want %s", c.accept, c.compression.codings, got, c.want)
		}
	}
}

func TestCompressedAnswers(t *testing.T) {
	large := strings.Repeat(`{"id":"p1","name":"Person 1"},`, 200)
	c := compression{codings}
	for _, name := range codings {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", name)
		for range 2 { // the second time with an encoder that was used before
			s := openStateFor(t, 1<<20)
			setAnswer(s, large)
			got, done := c.compress(s, r)
			if !done || got != name || len(s.compressed.Bytes) > len(large)/4 || uncompressed(t, name, string(s.compressed.Bytes)) != large {
				t.Errorf("%s: %d bytes of %d, as %q", name, len(s.compressed.Bytes), len(large), got)
			}
		}
		for size, want := range map[int]bool{minCompressed - 1: false, minCompressed: true} {
			s := openStateFor(t, 1<<20)
			setAnswer(s, large[:size])
			if _, done := c.compress(s, r); done != want {
				t.Errorf("%s: an answer of %d bytes is compressed: %v", name, size, done)
			}
		}
	}
	s := openStateFor(t, 1<<20)
	setAnswer(s, large)
	if _, done := c.compress(s, httptest.NewRequest(http.MethodGet, "/", nil)); done {
		t.Error("an answer is compressed for a client without Accept-Encoding")
	}
}

// Every body is read within the limit, or refused.
func FuzzDecompress(f *testing.F) {
	for i, name := range codings {
		f.Add(uint8(i), []byte(compressed(f, name, `{"query":"{ a }"}`)))
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		const limit = 10_000
		s := openStateFor(t, 8*limit)
		err := decompress(s, codings[int(i)%len(codings)], body, limit)
		if len(s.body.Bytes) > limit+1 || err == nil && len(s.body.Bytes) > limit {
			t.Errorf("%d bytes", len(s.body.Bytes))
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	answer := `{"data":{"parts":[` + strings.Repeat(`{"id":"p1","name":"Person 1","price":"1.50","addedOn":"2026-01-31"},`, 500)
	for _, name := range codings {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", name)
			c, s := compression{codings}, openStateFor(b, 1<<20)
			s.result.JSON.Bytes = make([]byte, 0, len(answer))
			b.SetBytes(int64(len(answer)))
			b.ReportAllocs()
			for b.Loop() {
				setAnswer(s, answer)
				c.compress(s, r)
			}
			b.ReportMetric(float64(len(answer))/float64(len(s.compressed.Bytes)), "ratio")
		})
	}
}

func BenchmarkDecompress(b *testing.B) {
	for _, name := range codings {
		b.Run(name, func(b *testing.B) {
			body := []byte(compressed(b, name, `{"query":"{ a }","x":"`+strings.Repeat("abcdefgh", 500)+`"}`))
			s := openStateFor(b, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				s.body.Bytes = s.body.Bytes[:0]
				if err := decompress(s, name, body, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
