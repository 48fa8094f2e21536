package transport

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
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
			single, err = fromURL(r.URL.RawQuery)
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

func fromJSON(body []byte) (*operation.Request, error) {
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	if strictjson.First(body) != '{' {
		return nil, response.BadRequest("The request's body is not a JSON object.")
	}
	return fromMembers(strictjson.Object(body))
}

func checkJSON(body []byte) error {
	if err := strictjson.Check(body); err != nil {
		return response.BadRequest("The request's body is not JSON: %v.", err)
	}
	return nil
}

func fromMembers(members map[string]json.RawMessage) (*operation.Request, error) {
	req := new(operation.Request)
	given, err := text(members, "query", &req.Query)
	if err != nil {
		return nil, err
	}
	if _, err := text(members, "operationName", &req.OperationName); err != nil {
		return nil, err
	}
	if req.Variables, err = variables(members["variables"]); err != nil {
		return nil, err
	}
	extensions, err := object(members["extensions"], "extensions")
	if err != nil {
		return nil, err
	}
	if req.Query == "" {
		for _, name := range idNames {
			if _, err := text(members, name, &req.DocumentID); err != nil {
				return nil, err
			}
		}
	}
	return req, complete(req, extensions, given)
}

// idNames are the names of a trusted document's id: in the GraphQL over HTTP draft, and of
// Relay's users.
var idNames = [...]string{"documentId", "id"}

// complete reads the extensions and checks that a request names its document. given: it has
// a query, also an empty one, which Absinthe has an answer for.
func complete(req *operation.Request, extensions json.RawMessage, given bool) (err error) {
	if len(extensions) > 0 {
		if req.Hash, err = persistedHash(extensions); err != nil {
			return err
		}
		req.Gaps = wantsGaps(extensions)
		if req.StreamID, err = streamID(extensions); err != nil {
			return err
		}
	}
	if !given && req.DocumentID == "" && req.Hash == "" {
		return errNoQuery
	}
	return nil
}

// variables returns the JSON object of a member that may also hold it as a text, as
// Absinthe.Plug takes it. An empty text, and null in it, count as absent.
func variables(member json.RawMessage) (json.RawMessage, error) {
	if text, ok := strictjson.String(member); ok {
		return objectText(text, "variables")
	}
	return object(member, "variables")
}

func objectText(text, name string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	if err := strictjson.Check([]byte(text)); err != nil {
		return nil, response.BadRequest("The text of %q is not JSON: %v.", name, err)
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
	return nil, response.BadRequest("%q of the request is not an object.", name)
}

var null = []byte("null")

// text reads a member that is a string, and says whether it is there. null counts
// as absent.
func text(members map[string]json.RawMessage, name string, value *string) (given bool, err error) {
	raw := members[name]
	if len(raw) == 0 || bytes.Equal(raw, null) {
		return false, nil
	}
	if *value, given = strictjson.String(raw); !given {
		return false, response.BadRequest("%q of the request is not a string.", name)
	}
	return true, nil
}

// persistedHash returns extensions.persistedQuery.sha256Hash, or "" (automatic persisted
// queries of Apollo).
func persistedHash(extensions json.RawMessage) (hash string, err error) {
	if !bytes.Contains(extensions, []byte("persistedQuery")) {
		return "", nil
	}
	raw := strictjson.Object(extensions)["persistedQuery"]
	if len(raw) == 0 || bytes.Equal(raw, null) {
		return "", nil
	}
	persisted := strictjson.Object(raw)
	if string(persisted["version"]) != "1" || json.Unmarshal(persisted["sha256Hash"], &hash) != nil || hash == "" {
		return "", response.BadRequest(`"persistedQuery" in the request's extensions is not {"version": 1, "sha256Hash": "…"}.`)
	}
	return hash, nil
}

// streamID returns extensions.operationId, or "" (GraphQL over Server-Sent Events).
func streamID(extensions json.RawMessage) (id string, err error) {
	if bytes.Contains(extensions, []byte("operationId")) {
		_, err = text(strictjson.Object(extensions), "operationId", &id)
	}
	return id, err
}

// wantsGaps reports whether extensions.gaps is true.
func wantsGaps(extensions json.RawMessage) bool {
	return bytes.Contains(extensions, []byte("gaps")) && string(strictjson.Object(extensions)["gaps"]) == "true"
}
