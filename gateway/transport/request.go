package transport

import (
	"mime"
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// read reads the operation of a request, or those of a batch, which refer to the body in s.
func (h *Handler) read(s *responseState, w http.ResponseWriter, r *http.Request) (single *operation.Request, batch []*batched, err error) {
	timeout, err := timeoutOf(r.Header)
	if err != nil {
		return nil, nil, err
	}
	if single, batch, err = h.readForm(s, w, r); err != nil {
		return nil, nil, err
	}
	if single != nil {
		single.Timeout, single.ReadOnly = timeout, isSafe(r.Method)
	}
	for _, op := range batch {
		if op.Request != nil {
			op.Timeout = timeout
		}
	}
	return single, batch, nil
}

func (h *Handler) readForm(s *responseState, w http.ResponseWriter, r *http.Request) (single *operation.Request, batch []*batched, err error) {
	if isSafe(r.Method) {
		err = s.parse(len(r.URL.RawQuery), func() (err error) {
			single, err = request.FromURL(r.URL.RawQuery)
			return err
		})
		return single, nil, err
	}
	if s.hasFiles {
		return h.readUpload(s, w, r)
	}
	form := bodyType(r.Header.Get("Content-Type"))
	switch form {
	case jsonName, documentName:
	case formName:
		if !h.config.Forms {
			return nil, nil, errFormsOff
		}
	default:
		return nil, nil, errUnsupportedMedia
	}
	if err := h.readBody(s, w, r); err != nil {
		return nil, nil, err
	}
	err = s.parse(len(s.body.Bytes)+len(r.URL.RawQuery), func() (err error) {
		switch body := s.body.Bytes; {
		case form == documentName:
			single, err = request.FromDocument(body, r.URL.RawQuery)
		case form == formName:
			single, err = request.FromURL(string(body))
		case strictjson.First(body) == '[':
			batch, err = fromArray(body, h.limits.Batch)
		default:
			single, err = request.FromJSON(body)
		}
		return err
	})
	return single, batch, err
}

// isSafe reports whether a method is safe (RFC 9110, section 9.2.1) and has no body.
func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// The media types of bodies besides JSON.
const (
	documentName = "application/graphql"
	formName     = "application/x-www-form-urlencoded"
)

// bodyType is the media type that a Content-Type names, or "" where that is none,
// or not in UTF-8.
func bodyType(contentType string) string {
	if contentType == jsonName {
		return jsonName
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	if charset, given := params["charset"]; given && !isUTF8(charset) {
		return ""
	}
	return media
}

// isUTF8 reports whether a charset is UTF-8, which clients also write without the
// hyphen.
func isUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
