package gateway

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/internal/strictjson"
	"github.com/louche-graphql/louche/schema"
)

// request is a GraphQL request over HTTP ("Request Parameters" of the GraphQL over
// HTTP specification).
type request struct {
	query         string
	variables     json.RawMessage // an object, or empty
	operationName string
	extensions    json.RawMessage   // an object, or empty
	id            string            // of a trusted document, where there is no query
	hash          string            // of the document, in extensions.persistedQuery
	sent          bool              // whether the client sent the query, and no manifest has it
	arrived       bool              // whether rate limits by address have counted it
	batched       bool              // whether it is an operation of a batch
	byID          bool              // whether the query was found in a manifest, by id or hash
	document      *schema.Document  // that the query is
	operation     *schema.Operation // of the document, which the request selects
}

// isQuery reports whether the operation is certainly a query.
func (req *request) isQuery() bool { return req.operation.Kind == schema.Query }

// read takes the request apart: it is one operation, or a batch. Its body is kept
// in x, and the result refers to it. Errors are of type *failure.
func (h *graphQL) read(x *exchange, w http.ResponseWriter, r *http.Request) (single *request, batch []*batched, err error) {
	if isSafe(r.Method) {
		if r.Body == http.NoBody { // else it is passed over, in its time
			endReadDeadline(w)
		}
		err = x.parse(len(r.URL.RawQuery), func() (err error) {
			single, err = fromURL(r.URL.RawQuery)
			return err
		})
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
	err = x.parse(len(x.body)+len(r.URL.RawQuery), func() (err error) {
		switch body := x.body; {
		case form == documentName:
			single, err = fromDocument(body, r.URL.RawQuery)
		case form == formName:
			single, err = fromURL(string(body))
		case strictjson.First(body) == '[':
			batch, err = fromArray(body, h.limits.Batch)
		default:
			single, err = fromJSON(body)
		}
		return err
	})
	return single, batch, err
}

// isSafe says whether a method asks for no more than to look.
func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

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

func fromJSON(body []byte) (*request, error) {
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	if strictjson.First(body) != '{' {
		return nil, badRequest("The request's body is not a JSON object.")
	}
	return fromMembers(strictjson.Object(body))
}

// checkJSON refuses a body that is not JSON.
func checkJSON(body []byte) error {
	if err := strictjson.Check(body); err != nil {
		return badRequest("The request's body is not JSON: %v.", err)
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
	if req.variables, err = variables(members["variables"]); err != nil {
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

// variables returns the JSON object of a member that may also hold it as a text, as
// Absinthe.Plug takes it. An empty text, and null in it, count as absent.
func variables(member json.RawMessage) (json.RawMessage, error) {
	if strictjson.First(member) != '"' {
		return object(member, "variables")
	}
	var text string
	if json.Unmarshal(member, &text) != nil {
		return nil, badRequest(`"variables" of the request are not a string.`)
	}
	return objectText(text, "variables")
}

// objectText returns the JSON object that a text holds.
func objectText(text, name string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	if err := strictjson.Check([]byte(text)); err != nil {
		return nil, badRequest("The text of %q is not JSON: %v.", name, err)
	}
	return object(json.RawMessage(text), name)
}

// object checks that JSON is an object. null counts as absent.
func object(text json.RawMessage, name string) (json.RawMessage, error) {
	switch first := strictjson.First(text); {
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
