package transport

import (
	"net/http"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/gateway/response"
)

// A mediaType is a media type of answers. noData is the status of answers without "data":
// the document did not parse or fit the schema, or the variables did not fit. See "Media
// Types" and "Status Codes" of the GraphQL over HTTP specification.
type mediaType struct {
	contentType []string // net/http does not change it
	noData      int
}

var (
	// jsonMedia is for legacy clients. Its status is 200 for every well-formed answer.
	jsonMedia = &mediaType{response.JSONType, http.StatusOK}
	// responseMedia has the status of the answer's outcome.
	responseMedia = &mediaType{[]string{responseName + "; charset=utf-8"}, http.StatusBadRequest}
	// eventStreamMedia is for clients that accept nothing else. An answer without data is a
	// stream, too, as the protocol has it. Other errors are JSON with their status.
	eventStreamMedia = &mediaType{[]string{eventStreamName}, http.StatusOK}
)

const (
	jsonName     = "application/json"
	responseName = "application/graphql-response+json"
)

func (m *mediaType) status(hasData bool) int {
	if hasData {
		return http.StatusOK
	}
	return m.noData
}

// negotiate chooses the media type of one result that the values of Accept prefer, and that
// they name if they prefer neither. A request without Accept gets JSON. stream is the format
// of a subscription; nil: they name none.
func negotiate(accept []string) (media *mediaType, stream *streamFormat, err error) {
	if len(accept) == 0 {
		return jsonMedia, stream, nil
	}
	if len(accept) == 1 {
		switch accept[0] {
		case "", "*/*", jsonName:
			return jsonMedia, stream, nil
		case responseName:
			return responseMedia, stream, nil
		}
	}
	asked := false
	var plain, response acceptance
	eachPreference(accept, func(name, params string, quality float64) {
		asked = true
		if charset, given := param(params, "charset"); given && !isUTF8(charset) {
			return
		}
		switch {
		case name == "*/*":
			plain.take(quality, 1)
			response.take(quality, 1)
		case strings.EqualFold(name, "application/*"):
			plain.take(quality, 2)
			response.take(quality, 2)
		case strings.EqualFold(name, jsonName):
			plain.take(quality, named)
		case strings.EqualFold(name, responseName):
			response.take(quality, named)
		case strings.EqualFold(name, eventStreamName):
			if quality > 0 {
				stream = eventStream
			}
		case strings.EqualFold(name, multipartName):
			if quality > 0 && stream == nil && asksForMultipart(params) {
				stream = multipartStream
			}
		}
	})
	switch {
	case !asked:
		return jsonMedia, stream, nil
	case response.quality > plain.quality, response.quality == plain.quality && response.quality > 0 && response.precision == named:
		return responseMedia, stream, nil
	case plain.quality > 0:
		return jsonMedia, stream, nil
	}
	switch stream {
	case eventStream:
		return eventStreamMedia, stream, nil
	case multipartStream:
		return responseMedia, stream, nil
	}
	return nil, nil, errNotAcceptable
}

// MayStream reports whether the answer to a request may become a stream.
func MayStream(r *http.Request) bool {
	return slices.ContainsFunc(r.Header["Accept"], func(value string) bool {
		value = strings.ToLower(value)
		return strings.Contains(value, eventStreamName) || strings.Contains(value, multipartName)
	})
}

// acceptance is the quality of a media type, by the most precise range for it.
type acceptance struct {
	quality   float64
	precision int
}

// named is the precision of a range that is a media type.
const named = 3

func (a *acceptance) take(quality float64, precision int) {
	if precision > a.precision || precision == a.precision && quality > a.quality {
		*a = acceptance{quality, precision}
	}
}
