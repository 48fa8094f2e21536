package gateway

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// fromURL reads parameters as a URL has them, and the body of a form.
func fromURL(encoded string) (*request, error) {
	values, err := parseForm(encoded)
	if err != nil {
		return nil, err
	}
	return fromForm(values)
}

// fromDocument reads a body that is nothing but a document; what belongs to it is
// in the URL.
func fromDocument(body []byte, rawQuery string) (*request, error) {
	if !utf8.Valid(body) {
		return nil, notUTF8
	}
	values, err := parseForm(rawQuery)
	if err != nil {
		return nil, err
	}
	if values.Has("query") {
		return nil, badRequest("The request has a document in its body and one in its URL.")
	}
	values.Set("query", string(body))
	return fromForm(values)
}

// parseForm reads names and values as browsers encode those of forms: separated by &
// alone (application/x-www-form-urlencoded of the URL standard). url.ParseQuery refuses
// a semicolon, which other programs took for a separator once.
func parseForm(encoded string) (url.Values, error) {
	values := make(url.Values)
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, badRequest("The request's parameters are not encoded as those of a URL.")
		}
		values.Add(name, value)
	}
	return values, nil
}

// fromForm makes a request of parameters. As everything is text in a form, an
// empty parameter counts as absent.
func fromForm(values url.Values) (*request, error) {
	for name, all := range values {
		if len(all) > 1 {
			return nil, badRequest("%q is among the request's parameters more than once.", name)
		}
		if !utf8.ValidString(all[0]) {
			return nil, notUTF8
		}
	}
	req := &request{query: values.Get("query"), operationName: values.Get("operationName")}
	if req.query == "" {
		for _, name := range idNames {
			if id := values.Get(name); id != "" {
				req.id = id
			}
		}
	}
	for name, value := range map[string]*json.RawMessage{"variables": &req.variables, "extensions": &req.extensions} {
		var err error
		if *value, err = objectText(values.Get(name), name); err != nil {
			return nil, err
		}
	}
	return req, req.complete(req.query != "")
}
