package gateway

import (
	"net/http"
	"strings"
)

// mediaType is what an answer can be sent as, and with which status where it has
// no "data": because the document did not parse, did not fit the schema, or its
// variables did not fit. See "Media Types" and "Status Codes" of the GraphQL over
// HTTP specification.
type mediaType struct {
	header []string // Content-Type; net/http does not change it
	noData int
}

var (
	// jsonMedia is for clients that do not ask for anything better. To them, 200
	// says that a GraphQL server has answered, whatever it was.
	jsonMedia = &mediaType{[]string{jsonName + "; charset=utf-8"}, http.StatusOK}
	// responseMedia has statuses that say how a request went.
	responseMedia = &mediaType{[]string{responseName + "; charset=utf-8"}, http.StatusBadRequest}
)

const (
	jsonName     = "application/json"
	responseName = "application/graphql-response+json"
)

// status is that of an answer.
func (m *mediaType) status(hasData bool) int {
	if hasData {
		return http.StatusOK
	}
	return m.noData
}

// negotiate chooses by the values of Accept: what the client prefers, and what it
// named if it prefers neither. Who does not say gets JSON.
func negotiate(accept []string) (*mediaType, error) {
	if len(accept) == 0 {
		return jsonMedia, nil
	}
	if len(accept) == 1 {
		switch accept[0] {
		case "", "*/*", jsonName:
			return jsonMedia, nil
		case responseName:
			return responseMedia, nil
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
		}
	})
	switch {
	case !asked:
		return jsonMedia, nil
	case response.quality > plain.quality, response.quality == plain.quality && response.quality > 0 && response.precision == named:
		return responseMedia, nil
	case plain.quality > 0:
		return jsonMedia, nil
	}
	return nil, notAcceptable
}

// acceptance is how much a client wants a media type, by what it said about it
// most precisely.
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
