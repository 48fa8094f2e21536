package gateway

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
)

// The content codings of requests and answers.
const (
	codingZstd   = "zstd"
	codingBrotli = "br"
	codingGzip   = "gzip"
	identity     = "identity" // as it is
)

// codings are all of them, in the order in which they are preferred unless
// configured otherwise: what costs less first.
var codings = []string{codingZstd, codingGzip, codingBrotli}

// coding is the one that a request's Content-Encoding names, which may be identity.
func coding(header http.Header) (name string, err error) {
	values := header["Content-Encoding"]
	if len(values) == 0 {
		return identity, nil
	}
	switch name = strings.ToLower(values[0]); {
	case len(values) > 1:
		return "", unsupportedEncoding
	case name == "", name == identity:
		return identity, nil
	case name == "x-gzip":
		return codingGzip, nil
	case slices.Contains(codings, name):
		return name, nil
	}
	return "", unsupportedEncoding
}

// decompressing bounds how many bodies are decompressed at once. A few bytes can
// make a decoder take 16 MiB for its window; what has arrived is decompressed at
// the speed of the processor, so more at once would not be done sooner.
var decompressing = make(chan struct{}, 2*runtime.GOMAXPROCS(0))

// decompress appends to dst what body is the compressed form of, if that is no more
// than limit bytes.
func decompress(dst *bytes.Buffer, name string, body []byte, limit int64) error {
	decompressing <- struct{}{}
	defer func() { <-decompressing }()
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
		// One goroutine: this one. Memory is bounded by the answer's limit, and the
		// window by what every decoder has to take (RFC 8878).
		if z, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer z.Close()
			decoder = z
		}
	}
	var read int64
	if err == nil {
		read, err = dst.ReadFrom(io.LimitReader(decoder, limit+1))
	}
	switch {
	case read > limit:
		return tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cutOff
	case err != nil:
		return badEncoding
	}
	return nil
}

// gzipReaders are kept, since their memory is small and known. What the others take
// is up to who compressed.
var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// compression is how the answers of an application are compressed.
type compression struct {
	codings []string // in the order of preference
	from    int      // the least size of an answer, in bytes
}

// choose returns the coding that the values of Accept-Encoding like best, or
// identity.
func (c *compression) choose(accept []string) string {
	best, most := identity, liking(accept, identity)
	for _, name := range c.codings {
		if q := liking(accept, name); q > 0 && (q > most || q == most && best == identity) {
			best, most = name, q
		}
	}
	return best
}

// liking is the quality of a coding, 0 where it is not named.
func liking(accept []string, name string) (quality float64) {
	named := false
	eachPreference(accept, func(element, _ string, q float64) {
		switch {
		case strings.EqualFold(element, name):
			quality, named = q, true
		case element == "*" && name != identity && !named:
			quality = q
		}
	})
	return quality
}

// compress makes x.packed of x.answer if it is worth it, and says with which
// coding.
func (c *compression) compress(x *exchange, r *http.Request) (name string, done bool) {
	if len(c.codings) == 0 || len(x.answer) < c.from {
		return "", false
	}
	accept := r.Header["Accept-Encoding"]
	if len(accept) == 0 {
		return "", false
	}
	name = c.choose(accept)
	x.packed = x.packed[:0]
	switch name {
	case codingZstd:
		x.packed = zstdEncoder().EncodeAll(x.answer, x.packed)
	case codingGzip:
		pack(x, &gzipWriters)
	case codingBrotli:
		pack(x, &brotliWriters)
	default:
		return "", false
	}
	return name, len(x.packed) < len(x.answer)
}

// Fast levels: an answer is compressed for one client once.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic("gateway: " + err.Error())
		}
		return e
	})
	gzipWriters = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for unknown levels
		return w
	}}
	brotliWriters = sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 3) }}
)

// packer is a compressing writer that can be used again.
type packer interface {
	io.WriteCloser
	Reset(io.Writer)
}

func pack(x *exchange, writers *sync.Pool) {
	p := writers.Get().(packer)
	p.Reset((*packed)(x))
	p.Write(x.answer) // a packed cannot fail
	p.Close()
	p.Reset(nil)
	writers.Put(p)
}

// packed is the side of an exchange that compressed answers are written to.
type packed exchange

func (x *packed) Write(b []byte) (int, error) {
	x.packed = append(x.packed, b...)
	return len(b), nil
}
