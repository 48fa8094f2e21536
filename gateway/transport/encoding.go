package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/louche-graphql/louche/gateway/operation"
)

// The content codings of requests and answers.
const (
	codingZstd     = "zstd"
	codingBrotli   = "br"
	codingGzip     = "gzip"
	identityCoding = "identity" // uncompressed
)

// codings are all of them in the default order of preference: the cheapest first.
var codings = []string{codingZstd, codingGzip, codingBrotli}

// coding returns the coding of a request by its Content-Encoding.
func coding(header http.Header) (name string, err error) {
	values := header["Content-Encoding"]
	if len(values) == 0 {
		return identityCoding, nil
	}
	switch name = strings.ToLower(values[0]); {
	case len(values) > 1:
		return "", errUnsupportedEncoding
	case name == "", name == identityCoding:
		return identityCoding, nil
	case name == "x-gzip":
		return codingGzip, nil
	case slices.Contains(codings, name):
		return name, nil
	}
	return "", errUnsupportedEncoding
}

// decompress leaves the content of a compressed body in s.body, if that is at most limit
// bytes.
func decompress(s *responseState, name string, body []byte, limit int64) error {
	coders <- struct{}{}
	defer func() { <-coders }()
	var decoder io.Reader
	var err error
	switch name {
	case codingGzip:
		g := gzipReaders.Get().(*gzip.Reader)
		defer gzipReaders.Put(g)
		err = g.Reset(bytes.NewReader(body))
		decoder = g
	case codingBrotli:
		decoder = brotli.NewReader(bytes.NewReader(body))
	case codingZstd:
		var z *zstd.Decoder
		// One goroutine: this one. Memory is bounded by limits.body, and the
		// window by what every decoder supports (RFC 8878, section 3.1.1.1.2).
		if z, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer z.Close()
			decoder = z
		}
	}
	if errors.Is(err, io.EOF) {
		return errCutOff
	}
	for err == nil && int64(len(s.body.Bytes)) <= limit {
		if !s.growBody(limit) {
			return operation.Overloaded
		}
		var n int
		n, err = decoder.Read(s.body.Bytes[len(s.body.Bytes):cap(s.body.Bytes)])
		s.body.Bytes = s.body.Bytes[:len(s.body.Bytes)+n]
	}
	switch {
	case int64(len(s.body.Bytes)) > limit:
		return tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case !errors.Is(err, io.EOF):
		return errBadEncoding
	}
	return nil
}

// gzipReaders are kept, since their memory is small and fixed. That of the others depends on
// the compressor.
var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// compression compresses the answers of an application.
type compression struct {
	codings []string // the preferred one first
}

// minCompressed is the least size of an answer that is compressed, in bytes.
const minCompressed = 2048

// least returns the least size of an answer that is compressed, in bytes; 0: none is.
func (c *compression) least() int {
	if len(c.codings) == 0 {
		return 0
	}
	return minCompressed
}

// choose returns the coding with the highest quality in Accept-Encoding, or identityCoding.
func (c *compression) choose(accept []string) string {
	best, most := identityCoding, quality(accept, identityCoding)
	for _, name := range c.codings {
		if q := quality(accept, name); q > 0 && (q > most || q == most && best == identityCoding) {
			best, most = name, q
		}
	}
	return best
}

// quality returns the quality of a coding in Accept-Encoding, 0 where it is not named.
func quality(accept []string, name string) (quality float64) {
	named := false
	eachPreference(accept, func(element, _ string, q float64) {
		switch {
		case strings.EqualFold(element, name):
			quality, named = q, true
		case element == "*" && name != identityCoding && !named:
			quality = q
		}
	})
	return quality
}

// compress compresses the answer into s.compressed if it is worth it, and returns the coding.
// Without memory for it the answer stays uncompressed.
func (c *compression) compress(s *responseState, r *http.Request) (name string, done bool) {
	answer := &s.result.JSON
	if len(c.codings) == 0 || len(answer.Bytes) < minCompressed {
		return "", false
	}
	accept := r.Header["Accept-Encoding"]
	if len(accept) == 0 {
		return "", false
	}
	name = c.choose(accept)
	if name == identityCoding || !s.compressed.Grow(len(answer.Bytes)) {
		return "", false
	}
	encode(name, s)
	if len(s.compressed.Bytes) >= len(answer.Bytes) {
		return "", false
	}
	if cap(answer.Bytes) > maxKept {
		answer.Drop()
	}
	if cap(s.compressed.Bytes) > max(maxKept, 2*len(s.compressed.Bytes)) {
		s.compressed.Shrink()
	}
	return name, true
}

// encode compresses the answer into s.compressed.
func encode(name string, s *responseState) {
	encoders <- struct{}{}
	defer func() { <-encoders }()
	s.compressed.Bytes = s.compressed.Bytes[:0]
	switch name {
	case codingZstd:
		s.compressed.Bytes = zstdEncoder().EncodeAll(s.result.JSON.Bytes, s.compressed.Bytes)
	case codingGzip:
		encodeWith(&gzipWriters, s)
	case codingBrotli:
		encodeWith(&brotliWriters, s)
	}
}

// encoders bounds how many answers are compressed at once: each takes up to some 2 MiB
// besides the answer.
var encoders = make(chan struct{}, 2*runtime.GOMAXPROCS(0))

// Fast levels: an answer is compressed for one client once.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
		if err != nil {
			panic("transport: " + err.Error())
		}
		return e
	})
	gzipWriters = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for unknown levels
		return w
	}}
	brotliWriters = sync.Pool{New: func() any {
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: 3, LGWin: 18})
	}}
)

// An encodingWriter is a compressing writer that can be used again.
type encodingWriter interface {
	io.WriteCloser
	Reset(io.Writer)
}

func encodeWith(writers *sync.Pool, s *responseState) {
	e := writers.Get().(encodingWriter)
	e.Reset((*compressedWriter)(s))
	e.Write(s.result.JSON.Bytes) // a compressedWriter cannot fail
	e.Close()
	e.Reset(nil)
	writers.Put(e)
}

// A compressedWriter appends to the compressed answer of a state.
type compressedWriter responseState

func (s *compressedWriter) Write(b []byte) (int, error) {
	s.compressed.Bytes = append(s.compressed.Bytes, b...)
	return len(b), nil
}
