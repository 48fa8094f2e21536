package transport

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"unicode/utf8"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/request"
)

var errTooManyUploads = &response.Error{Status: http.StatusServiceUnavailable, Failure: operation.Error{Code: operation.Overloaded.Code, Message: "There are more requests with files than the gateway takes.", RetryAfter: operation.Overloaded.RetryAfter}}

// takesFiles reports whether a request has files that are taken.
func (h *Handler) takesFiles(r *http.Request) bool {
	return h.config.Uploads.enabled() && !isSafe(r.Method) && bodyType(r.Header.Get("Content-Type")) == formDataName
}

// beginUpload reports whether there may be one more request with files. Then endUpload
// follows.
func (h *Handler) beginUpload() bool {
	select {
	case h.uploads <- struct{}{}:
		h.engine.Metrics.AddUploading(1)
		return true
	default:
		return false
	}
}

func (h *Handler) endUpload() {
	<-h.uploads
	h.engine.Metrics.AddUploading(-1)
}

// readUpload reads the operations of a request whose files follow. A first part named
// operations begins a request of the GraphQL multipart request specification
// (github.com/jaydenseric/graphql-multipart-request-spec, version 2), any other one that of
// Absinthe.Plug.
func (h *Handler) readUpload(s *responseState, w http.ResponseWriter, r *http.Request) (single *operation.Request, batch []*batched, err error) {
	f, err := h.openForm(s, w, r)
	if err != nil {
		return nil, nil, err
	}
	name, err := f.next()
	switch {
	case err == io.EOF:
		return nil, nil, request.ErrNoQuery
	case err != nil:
		return nil, nil, err
	case name == "operations":
		single, batch, err = h.readMapped(s, f)
	default:
		single, err = h.readFields(s, f, name)
	}
	f.body.account = nil
	return single, batch, err
}

// readFields reads the form of Absinthe.Plug: fields as those of a URL, and then files. An
// argument of the operation has the name of its file's part.
func (h *Handler) readFields(s *responseState, f *form, first string) (req *operation.Request, err error) {
	values, hasFiles, err := f.fields(s, h.limits.Body, first)
	if err != nil {
		return nil, err
	}
	err = s.parse(len(s.body.Bytes), func() (err error) {
		req, err = request.FromForm(values)
		return err
	})
	if err == nil && hasFiles {
		files := h.readFiles(f)
		files.fetched = true
		req.Files = files.all()
	}
	return req, err
}

// A fileReader reads the files of a form.
type fileReader struct {
	*form
	limits  UploadConfig
	count   func(bytes int) // counts bytes of files
	fetched bool            // the present part is yet to be read
	mapped  map[string]bool // the keys of files that are to come; nil: any may
	seen    map[string]bool // the keys of files that came
	total   int64           // bytes of them
}

func (h *Handler) readFiles(f *form) *fileReader {
	return &fileReader{form: f, limits: h.config.Uploads, count: h.engine.Metrics.CountUploadedBytes, seen: make(map[string]bool)}
}

func (f *fileReader) all() iter.Seq2[operation.File, error] {
	return func(yield func(operation.File, error) bool) {
		for {
			file, err := f.nextFile()
			if err == io.EOF || !yield(file, err) || err != nil {
				return
			}
		}
	}
}

// nextFile returns the next file. The error is io.EOF after the last one.
func (f *fileReader) nextFile() (file operation.File, err error) {
	key := ""
	if f.fetched {
		key = f.part.FormName()
	} else if key, err = f.next(); err == io.EOF {
		return file, f.endFiles()
	} else if err != nil {
		return file, err
	}
	f.fetched = false
	filename, isFile := f.filename()
	contentType := f.part.Header.Get("Content-Type")
	switch {
	case f.seen[key]:
		return file, response.BadRequest("The request has two files named %q.", key)
	case f.mapped != nil && !f.mapped[key]:
		return file, response.BadRequest("The request's map has no file %q.", key)
	case f.mapped == nil && !isFile:
		return file, response.BadRequest("The field %q follows a file; send fields first.", key)
	case len(f.seen) == f.limits.Files:
		return file, tooManyFiles(f.limits.Files)
	case !utf8.ValidString(filename), !utf8.ValidString(contentType):
		return file, request.ErrNotUTF8
	}
	f.seen[key] = true
	return operation.File{Key: key, Filename: filename, ContentType: contentType, Content: &fileContent{f, f.limits.File}}, nil
}

// endFiles ends the form, and returns io.EOF if all files came.
func (f *fileReader) endFiles() error {
	for key := range f.mapped {
		if !f.seen[key] {
			return response.BadRequest("The file %q of the request's map is missing.", key)
		}
	}
	if err := f.end(); err != nil {
		return err
	}
	return io.EOF
}

// fileContent is the content of the present part.
type fileContent struct {
	files *fileReader
	left  int64
}

func (c *fileContent) Read(b []byte) (int, error) {
	n, err := c.files.part.Read(b)
	c.left -= int64(n)
	c.files.total += int64(n)
	c.files.count(n)
	switch {
	case c.left < 0:
		return 0, fileTooLarge("A file", c.files.limits.File)
	case c.files.total > c.files.limits.Total:
		return 0, fileTooLarge("The files together", c.files.limits.Total)
	case err != nil && err != io.EOF:
		return n, c.files.errorOf(err)
	}
	return n, err
}

func fileTooLarge(which string, limit int64) error {
	return httpError(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("%s may have %d bytes.", which, limit))
}

func tooManyFiles(limit int) error {
	return httpError(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("The request has more than %d files.", limit))
}
