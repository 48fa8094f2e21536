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

// decompress leaves in x.body what body is the compressed form of, if that is no more
// than limit bytes.
func decompress(x *exchange, name string, body []byte, limit int64) error {
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
		// One goroutine: this one. Memory is bounded by the answer's limit, and the
		// window by what every decoder has to take (RFC 8878).
		if z, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer z.Close()
			decoder = z
		}
	}
	if errors.Is(err, io.EOF) {
		return cutOff
	}
	for err == nil && int64(len(x.body)) <= limit {
		if !x.makeRoom(limit) {
			return overloaded
		}
		var n int
		n, err = decoder.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
	}
	switch {
	case int64(len(x.body)) > limit:
		return tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutOff
	case !errors.Is(err, io.EOF):
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
// coding. Without memory for it the answer is sent as it is.
func (c *compression) compress(x *exchange, r *http.Request) (name string, done bool) {
	if len(c.codings) == 0 || len(x.answer) < c.from {
		return "", false
	}
	accept := r.Header["Accept-Encoding"]
	if len(accept) == 0 {
		return "", false
	}
	name = c.choose(accept)
	if name == identity || !x.enlarge(&x.packed, len(x.answer)) {
		return "", false
	}
	packers <- struct{}{}
	x.packed = x.packed[:0]
	switch name {
	case codingZstd:
		x.packed = zstdEncoder().EncodeAll(x.answer, x.packed)
	case codingGzip:
		pack(x, &gzipWriters)
	case codingBrotli:
		pack(x, &brotliWriters)
	}
	<-packers
	if len(x.packed) >= len(x.answer) {
		return "", false
	}
	if cap(x.answer) > keep {
		x.drop(&x.answer)
	}
	if cap(x.packed) > max(keep, 2*len(x.packed)) {
		x.shrink(&x.packed)
	}
	return name, true
}

// packers bounds how many answers are compressed at once: each takes up to some 2 MiB
// besides the answer, and no client is waited for meanwhile.
var packers = make(chan struct{}, 2*runtime.GOMAXPROCS(0))

// Fast levels: an answer is compressed for one client once.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
		if err != nil {
			panic("gateway: " + err.Error())
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
