package transport

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
)

// httpError returns an error that is the same for every request.
func httpError(status int, code, message string) *response.Error {
	return &response.Error{Status: status, Failure: operation.Error{Code: code, Message: message}}
}

var (
	errNotAcceptable       = httpError(http.StatusNotAcceptable, "NOT_ACCEPTABLE", "The answer can only be application/graphql-response+json or application/json, in UTF-8; the request's Accept header takes neither.")
	errUnsupportedMedia    = httpError(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "The request's Content-Type must be application/json or application/graphql, in UTF-8.")
	errFormsOff            = httpError(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Forms are not taken here: the request's Content-Type must be application/json or application/graphql.")
	errUnsupportedEncoding = &response.Error{Status: http.StatusUnsupportedMediaType, Failure: operation.Error{Code: "UNSUPPORTED_ENCODING", Message: "The request's Content-Encoding must be one of zstd, br and gzip."}, Header: [2]string{"Accept-Encoding", "zstd, br, gzip"}}
	errBadEncoding         = httpError(http.StatusUnsupportedMediaType, "UNSUPPORTED_ENCODING", "The request's body is not what its Content-Encoding says.")
	errNotPreflighted      = httpError(http.StatusForbidden, "CSRF", "A page of another site could have made a browser send this. Send a Content-Type of application/json, or one of the headers "+strings.Join(csrfHeaders, ", ")+" with any value.")
	errTooSlow             = httpError(http.StatusRequestTimeout, "REQUEST_TIMEOUT", "The request's body did not arrive in time.")
	errCutOff              = response.BadRequest("The request's body is cut off.")
)

func tooLarge(limit int64) error {
	return httpError(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("The request is larger than %d bytes.", limit))
}

func batchTooLarge(limit int) error {
	return httpError(http.StatusBadRequest, "BATCH_TOO_LARGE", fmt.Sprintf("The batch has more than %d operations.", limit))
}

// errorOf returns how an error looks over HTTP in a media type.
func (h *Handler) errorOf(err error, media *mediaType) *response.Error {
	var known *response.Error
	if errors.As(err, &known) {
		return known
	}
	e := response.FromOperation(h.engine.Error(err), media.noData)
	if e.Status == http.StatusUnauthorized {
		e.Header = h.challenge(e.Cause)
	}
	return e
}

// challenge returns the header that tells how to authenticate (RFC 6750), where
// Authorization is among the headers of the methods.
func (h *Handler) challenge(cause error) (header [2]string) {
	if !slices.Contains(h.authHeaders, "Authorization") {
		return header
	}
	value := `Bearer realm="louche"`
	if errors.Is(cause, auth.ErrInvalidCredentials) {
		value += `, error="invalid_token"`
	}
	return [2]string{"WWW-Authenticate", value}
}
