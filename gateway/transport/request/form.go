package request

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
)

// FromURL reads parameters as a URL has them, and the body of a form.
func FromURL(encoded string) (*operation.Request, error) {
	values, err := ParseForm(encoded)
	if err != nil {
		return nil, err
	}
	return FromForm(values)
}

// FromDocument reads a body that is nothing but a document; what belongs to it is
// in the URL.
func FromDocument(body []byte, rawQuery string) (*operation.Request, error) {
	if !utf8.Valid(body) {
		return nil, ErrNotUTF8
	}
	values, err := ParseForm(rawQuery)
	if err != nil {
		return nil, err
	}
	if values.Has("query") {
		return nil, response.BadRequest("The request has a document in its body and one in its URL.")
	}
	values.Set("query", string(body))
	return FromForm(values)
}

// ParseForm reads names and values as browsers encode those of forms: separated by &
// alone (application/x-www-form-urlencoded of the URL standard). url.ParseQuery refuses
// a semicolon, which other programs took for a separator once.
func ParseForm(encoded string) (url.Values, error) {
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
			return nil, response.BadRequest("The request's parameters are not encoded as those of a URL.")
		}
		values.Add(name, value)
	}
	return values, nil
}

// FromForm makes a request of parameters. As everything is text in a form, an
// empty parameter counts as absent.
func FromForm(values url.Values) (*operation.Request, error) {
	for name, all := range values {
		if len(all) > 1 {
			return nil, response.BadRequest("%q is among the request's parameters more than once.", name)
		}
		if !utf8.ValidString(all[0]) {
			return nil, ErrNotUTF8
		}
	}
	req := &operation.Request{Query: values.Get("query"), OperationName: values.Get("operationName")}
	if req.Query == "" {
		for _, name := range idNames {
			if id := values.Get(name); id != "" {
				req.DocumentID = id
			}
		}
	}
	var err error
	if req.Variables, err = objectText(values.Get("variables"), "variables"); err != nil {
		return nil, err
	}
	extensions, err := objectText(values.Get("extensions"), "extensions")
	if err != nil {
		return nil, err
	}
	return req, complete(req, extensions, req.Query != "")
}
