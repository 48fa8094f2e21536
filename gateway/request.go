package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"
)

// request is the body of a GraphQL request over HTTP ("Request Parameters" of
// the GraphQL-over-HTTP specification). Members it does not name are ignored.
type request struct {
	Query         *string         `json:"query"`
	Variables     json.RawMessage `json:"variables"`
	OperationName *string         `json:"operationName"`
}

// read takes the request apart. buffer is where its body may be kept; the
// request refers to it. Errors are of type *failure.
func (h *graphQL) read(w http.ResponseWriter, r *http.Request, buffer *bytes.Buffer) (*request, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, unsupportedMedia
	}
	if r.ContentLength > h.limits.Body {
		return nil, tooLarge(h.limits.Body)
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, h.limits.Body))
	if err == nil {
		endDeadline(w)
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, tooSlow
	case errors.As(err, &tooLong):
		return nil, tooLarge(h.limits.Body)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, badRequest("The request's body is cut off.")
	case err != nil:
		return nil, badRequest("The request's body cannot be read.")
	}
	return parse(buffer.Bytes())
}

// isJSON says whether a Content-Type is JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

func parse(body []byte) (*request, error) {
	// encoding/json would replace what is not UTF-8 instead of refusing it.
	if !utf8.Valid(body) {
		return nil, badRequest("The request's body is not UTF-8.")
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, badRequest("The request's body is not a JSON object.")
	}
	var req request
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	err := json.Unmarshal(body, &req)
	switch {
	case errors.As(err, &syntax):
		return nil, badRequest("The request's body is not JSON: %v, at byte %d.", syntax, syntax.Offset)
	case errors.As(err, &mistyped):
		return nil, badRequest("%q in the request's body is of the wrong type: a %s.", mistyped.Field, mistyped.Value)
	case err != nil:
		return nil, badRequest("The request's body is not JSON.")
	case req.Query == nil:
		return nil, badRequest(`The request's body has no "query".`)
	}
	switch {
	case bytes.Equal(req.Variables, []byte("null")):
		req.Variables = nil
	case len(req.Variables) > 0 && req.Variables[0] != '{':
		return nil, badRequest(`"variables" in the request's body is not an object.`)
	}
	return &req, nil
}
