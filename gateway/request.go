package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/louche-graphql/louche/schema"
)

// request is a GraphQL request over HTTP ("Request Parameters" of the GraphQL over
// HTTP specification).
type request struct {
	query         string
	variables     json.RawMessage // an object, or empty
	operationName string
	extensions    json.RawMessage    // an object, or empty
	id            string             // of a trusted document, where there is no query
	hash          string             // of the document, in extensions.persistedQuery
	offered       *[sha256.Size]byte // the same, once it is known to be that of the query
	arrived       bool               // whether rate limits by address have counted it
	batched       bool               // whether it is an operation of a batch
	byID          bool               // whether the query was found in a manifest, by id or hash
	document      *schema.Document   // what the query says of itself, once it has been looked at
}

// isQuery says whether the operation is certainly a query.
func (r *request) isQuery() bool { return r.document.Kind(r.operationName) == schema.Query }

// read takes the request apart: it is one operation, or a batch. Its body is kept
// in x, and the result refers to it. Errors are of type *failure.
func (h *graphQL) read(x *exchange, w http.ResponseWriter, r *http.Request) (single *request, batch []*batched, err error) {
	if isSafe(r.Method) {
		if r.Body == http.NoBody { // else it is passed over, in its time
			endReadDeadline(w)
		}
		single, err = fromURL(r.URL.RawQuery)
		return single, nil, err
	}
	form := bodyType(r.Header.Get("Content-Type"))
	switch form {
	case jsonName, documentName:
	case formName:
		if !h.app.Config.Forms {
			return nil, nil, formsOff
		}
	default:
		return nil, nil, unsupportedMedia
	}
	if err := h.readBody(x, w, r); err != nil {
		return nil, nil, err
	}
	body := x.body.Bytes()
	switch {
	case form == documentName:
		single, err = fromDocument(body, r.URL.RawQuery)
	case form == formName:
		single, err = fromURL(string(body))
	case firstByte(body) == '[':
		batch, err = fromArray(body, h.limits.Batch)
	default:
		single, err = fromJSON(body)
	}
	return single, batch, err
}

// isSafe says whether a method asks for no more than to look.
func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// readBody reads the body into x.body, decompressed.
func (h *graphQL) readBody(x *exchange, w http.ResponseWriter, r *http.Request) error {
	name, err := coding(r.Header)
	if err != nil {
		return err
	}
	if r.ContentLength > h.limits.Body {
		return tooLarge(h.limits.Body)
	}
	if _, err := x.body.ReadFrom(http.MaxBytesReader(w, r.Body, h.limits.Body)); err != nil {
		return h.unread(err)
	}
	endReadDeadline(w)
	if name == identity {
		return nil
	}
	compressed := bytes.Clone(x.body.Bytes())
	x.body.Reset()
	return decompress(&x.body, name, compressed, h.limits.Body)
}

// unread says why a body could not be read.
func (h *graphQL) unread(err error) error {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return tooSlow
	case errors.As(err, &tooLong):
		return tooLarge(h.limits.Body)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutOff
	}
	return badRequest("The request's body cannot be read.")
}

// What bodies may be.
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
	if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return media
}

func fromJSON(body []byte) (*request, error) {
	// encoding/json would replace what is not UTF-8 instead of refusing it.
	if !utf8.Valid(body) {
		return nil, notUTF8
	}
	if firstByte(body) != '{' {
		return nil, badRequest("The request's body is not a JSON object.")
	}
	// A map and not a struct, for which encoding/json would take "Query" as well.
	var members map[string]json.RawMessage
	if err := unmarshal(body, &members); err != nil {
		return nil, err
	}
	return fromMembers(members)
}

// firstByte is the one that says of JSON what it is, or 0.
func firstByte(text []byte) byte {
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 {
		return trimmed[0]
	}
	return 0
}

func unmarshal(body []byte, into any) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, into); errors.As(err, &syntax) {
		return badRequest("The request's body is not JSON: %v, at byte %d.", syntax, syntax.Offset)
	} else if err != nil {
		return badRequest("The request's body is not JSON.")
	}
	return nil
}

// fromMembers makes a request of the members of a JSON object.
func fromMembers(members map[string]json.RawMessage) (*request, error) {
	req := new(request)
	given, err := text(members, "query", &req.query)
	if err != nil {
		return nil, err
	}
	if _, err := text(members, "operationName", &req.operationName); err != nil {
		return nil, err
	}
	if req.variables, err = object(members["variables"], "variables"); err != nil {
		return nil, err
	}
	if req.extensions, err = object(members["extensions"], "extensions"); err != nil {
		return nil, err
	}
	if req.query == "" {
		for _, name := range idNames {
			if _, err := text(members, name, &req.id); err != nil {
				return nil, err
			}
		}
	}
	return req, req.complete(given)
}

// idNames are what a trusted document's id is called: by the GraphQL over HTTP
// draft, by Relay's users.
var idNames = [...]string{"documentId", "id"}

// complete checks that a request says which document it means. given: it has a
// query, be it an empty one, which Absinthe has an answer for.
func (req *request) complete(given bool) (err error) {
	if len(req.extensions) > 0 {
		if req.hash, err = persistedHash(req.extensions); err != nil {
			return err
		}
	}
	if !given && req.id == "" && req.hash == "" {
		return noQuery
	}
	return nil
}

// object checks that JSON is an object. null counts as absent.
func object(text json.RawMessage, name string) (json.RawMessage, error) {
	switch first := firstByte(text); {
	case first == '{':
		return text, nil
	case first == 0, bytes.Equal(bytes.TrimSpace(text), null):
		return nil, nil
	}
	return nil, badRequest("%q of the request is not an object.", name)
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
		return false, badRequest("%q of the request is not a string.", name)
	}
	return true, nil
}
