package transport

import (
	"bufio"
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/internal/memory"
)

// formDataName is the media type of bodies with files.
const formDataName = "multipart/form-data"

const (
	// arrivingBuffer is the buffer of a body with files, in bytes.
	arrivingBuffer = 64 << 10
	// formDataMemory is the memory for such a body and for a file on its way, in bytes.
	formDataMemory = arrivingBuffer + 128<<10
	// maxPartHeader bounds the header of a part, in bytes.
	maxPartHeader = 16 << 10
	// maxFields bounds the parts before the files.
	maxFields = 16
)

var (
	errUploadEncoding = httpError(http.StatusUnsupportedMediaType, "UNSUPPORTED_ENCODING", "A request with files must have no Content-Encoding.")
	errPartHeader     = errors.New("the header of a part is too long")
)

// A form is a body of multipart/form-data (RFC 7578), read part by part as it arrives.
type form struct {
	parts  *multipart.Reader
	part   *multipart.Part // the present one
	header limitedReader
	body   *arrivingBody
}

func (h *Handler) openForm(s *responseState, w http.ResponseWriter, r *http.Request) (*form, error) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	limit := h.limits.Body + h.config.Uploads.Total
	name, err := coding(r.Header)
	switch {
	case err != nil:
		return nil, err
	case name != identityCoding:
		return nil, errUploadEncoding
	case params["boundary"] == "":
		return nil, response.BadRequest("The request's Content-Type has no boundary.")
	case r.ContentLength > limit:
		return nil, tooLarge(limit)
	case !s.account.Reserve(formDataMemory):
		return nil, operation.Overloaded
	}
	f := &form{body: &arrivingBody{
		body:     http.MaxBytesReader(w, r.Body, limit),
		limit:    limit,
		writer:   w.(*admission.Writer),
		account:  s.account,
		patience: patience{left: h.limits.Read, most: h.limits.Read, rate: h.config.Uploads.MinRate},
	}}
	f.header.Reader = bufio.NewReaderSize(f.body, arrivingBuffer)
	f.parts = multipart.NewReader(&f.header, params["boundary"])
	return f, nil
}

// next begins the next part, and returns its name. The error is io.EOF after the last one.
func (f *form) next() (name string, err error) {
	f.header.left = maxPartHeader
	f.part, err = f.parts.NextRawPart()
	f.header.left = math.MaxInt
	switch {
	case err == io.EOF: // not wrapped: the end of the form
		return "", err
	case err != nil:
		return "", f.errorOf(err)
	}
	if name = f.part.FormName(); name == "" || !utf8.ValidString(name) {
		return "", response.BadRequest("A part of the request has no name in UTF-8.")
	}
	return name, nil
}

// filename returns the name of the file that the present part is, without directories; isFile:
// it is one.
func (f *form) filename() (name string, isFile bool) {
	_, params, _ := mime.ParseMediaType(f.part.Header.Get("Content-Disposition"))
	name, isFile = params["filename"]
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "." || name == ".." {
		name = ""
	}
	return name, isFile
}

// appendField appends the content of the present part to the body in s.
func (f *form) appendField(s *responseState, limit int64) error {
	for {
		if !s.growBody(limit) {
			return operation.Overloaded
		}
		n, err := f.part.Read(s.body.Bytes[len(s.body.Bytes):cap(s.body.Bytes)])
		s.body.Bytes = s.body.Bytes[:len(s.body.Bytes)+n]
		switch {
		case int64(len(s.body.Bytes)) > limit:
			return tooLarge(limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return f.errorOf(err)
		}
	}
}

// fields reads the fields before the first file. isFile: the present part is one.
func (f *form) fields(s *responseState, limit int64, name string) (values url.Values, isFile bool, err error) {
	for values = make(url.Values); err == nil; name, err = f.next() {
		if _, isFile = f.filename(); isFile {
			return values, true, nil
		}
		if len(values) == maxFields {
			return nil, false, response.BadRequest("The request has more than %d fields.", maxFields)
		}
		start := len(s.body.Bytes)
		if err := f.appendField(s, limit); err != nil {
			return nil, false, err
		}
		values.Add(name, string(s.body.Bytes[start:]))
	}
	if err == io.EOF {
		return values, false, f.end()
	}
	return nil, false, err
}

// end reads what follows the last part, so that the server sees when the client leaves.
func (f *form) end() error {
	if _, err := io.Copy(io.Discard, f.header.Reader); err != nil {
		return f.errorOf(err)
	}
	admission.EndReadDeadline(f.body.writer)
	return nil
}

// errorOf returns why a part could not be read.
func (f *form) errorOf(err error) error {
	switch {
	case f.body.err != nil:
		return f.body.err
	case errors.Is(err, errPartHeader):
		return response.BadRequest("The header of a part has more than %d bytes.", maxPartHeader)
	}
	return response.BadRequest("The request's body is not multipart/form-data.")
}

// A limitedReader fails once it has read what is left.
type limitedReader struct {
	io.Reader
	left int
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errPartHeader
	}
	n, err := l.Reader.Read(b)
	l.left -= n
	return n, err
}

// An arrivingBody is a body whose client has to keep up a rate.
type arrivingBody struct {
	body    io.Reader
	limit   int64
	writer  *admission.Writer
	account *memory.Account // nil: others may not take the memory of the request meanwhile
	patience
	err error // why it cannot be read
}

func (a *arrivingBody) Read(b []byte) (int, error) {
	began := time.Now()
	control := http.NewResponseController(a.writer)
	control.SetReadDeadline(began.Add(a.left))
	if a.account != nil {
		a.account.BeginWait(func() { control.SetReadDeadline(admission.Past) })
	}
	n, err := a.body.Read(b)
	a.add(n, time.Since(began))
	if a.account != nil {
		a.account.AddProgress(n)
		if !a.account.EndWait() {
			a.writer.Refuse()
			err = operation.Overloaded
		}
	}
	switch {
	case err == operation.Overloaded:
		a.err = err
	case err != nil && err != io.EOF:
		a.err = unread(err, a.limit)
	}
	return n, err
}

// patience is how long the gateway waits for a client. Bytes add to it, at a rate.
type patience struct {
	left, most time.Duration
	rate       int64 // in bytes a second
}

// add counts n bytes that came in some time.
func (p *patience) add(n int, took time.Duration) {
	p.left = min(p.most, p.left-took+time.Duration(n)*time.Second/time.Duration(p.rate))
}
