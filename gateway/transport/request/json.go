// Package request reads operations of JSON, forms and URLs. It must never run them.
package request

import (
	"bytes"
	"encoding/json"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// Reading an operation takes Parsing bytes of memory at most for each of its own, and what is
// read of it Parsed bytes: for its parts, and for those of the call.
const (
	Parsing = 24
	Parsed  = 8
)

// Errors of requests.
var (
	ErrNotUTF8 = response.BadRequest("The request is not UTF-8.")
	ErrNoQuery = response.BadRequest(`The request has no "query".`)
)

// FromJSON reads a body of JSON with one operation.
func FromJSON(body []byte) (*operation.Request, error) {
	if err := Check(body); err != nil {
		return nil, err
	}
	if strictjson.First(body) != '{' {
		return nil, response.BadRequest("The request's body is not a JSON object.")
	}
	return FromMembers(strictjson.Object(body))
}

// Check checks that a body is JSON.
func Check(body []byte) error {
	if err := strictjson.Check(body); err != nil {
		return response.BadRequest("The request's body is not JSON: %v.", err)
	}
	return nil
}

// FromMembers reads the members of a JSON object: query, operationName, variables, extensions,
// and documentId or id.
func FromMembers(members map[string]json.RawMessage) (*operation.Request, error) {
	req := new(operation.Request)
	given, err := Text(members, "query", &req.Query)
	if err != nil {
		return nil, err
	}
	if _, err := Text(members, "operationName", &req.OperationName); err != nil {
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
			if _, err := Text(members, name, &req.DocumentID); err != nil {
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
		return ErrNoQuery
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

// Text reads a member that is a string, and says whether it is there. null counts
// as absent.
func Text(members map[string]json.RawMessage, name string, value *string) (given bool, err error) {
	raw := members[name]
	if len(raw) == 0 || bytes.Equal(raw, null) {
		return false, nil
	}
	if *value, given = strictjson.String(raw); !given {
		return false, response.BadRequest("%q of the request is not a string.", name)
	}
	return true, nil
}
