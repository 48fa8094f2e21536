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
// the GraphQL-over-HTTP specification).
type request struct {
	query         string
	variables     json.RawMessage // an object, or empty
	operationName string
}

// read takes the request apart. buffer is where its body may be kept; the
// request refers to it. Errors are of type *failure.
func (h *graphQL) read(w http.ResponseWriter, r *http.Request, buffer *bytes.Buffer) (*request, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, unsupportedMedia
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, unsupportedEncoding
	}
	if r.ContentLength > h.limits.Body {
		return nil, tooLarge(h.limits.Body)
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, h.limits.Body))
	if err == nil {
		endReadDeadline(w)
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
	// A map and not a struct, for which encoding/json would take "Query" as well.
	var members map[string]json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, &members); errors.As(err, &syntax) {
		return nil, badRequest("The request's body is not JSON: %v, at byte %d.", syntax, syntax.Offset)
	} else if err != nil {
		return nil, badRequest("The request's body is not JSON.")
	}
	req := &request{variables: members["variables"]}
	given, err := text(members, "query", &req.query)
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, badRequest(`The request's body has no "query".`)
	}
	if _, err := text(members, "operationName", &req.operationName); err != nil {
		return nil, err
	}
	switch {
	case bytes.Equal(req.variables, null):
		req.variables = nil
	case len(req.variables) > 0 && req.variables[0] != '{':
		return nil, badRequest(`"variables" in the request's body is not an object.`)
	}
	return req, nil
}

var null = []byte("null")

// text reads a member that is a string, and says whether it is there. null counts
// as absent.
func text(members map[string]json.RawMessage, name string, value *string) (given bool, err error) {
	raw := members[name]
	if len(raw) == 0 || bytes.Equal(raw, null) {
		return false, nil
	}
	if json.Unmarshal(raw, value) != nil {
		return false, badRequest("%q in the request's body is not a string.", name)
	}
	return true, nil
}
