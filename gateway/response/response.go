// Package response writes GraphQL errors and JSON over HTTP. It must never decide what a
// response says.
package response

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// JSONType is the Content-Type of JSON. net/http does not change it.
var JSONType = []string{"application/json; charset=utf-8"}

// Failure is the part of an error that every transport has. The alias keeps the name of the
// embedded field apart from the method Error.
type Failure = operation.Error

// An Error is an error with its HTTP status.
type Error struct {
	Status int
	Failure
	// Header is a field and its value, if the error has one.
	Header [2]string
}

// BadRequest is the error of a request that the client has to change.
func BadRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Failure: *operation.Refuse("BAD_REQUEST", format, args...)}
}

// statuses are those of classes; [operation.Unexecuted] depends on the media type.
var statuses = map[operation.Class]int{
	operation.Internal:        http.StatusInternalServerError,
	operation.BadRequest:      http.StatusBadRequest,
	operation.Unauthenticated: http.StatusUnauthorized,
	operation.Forbidden:       http.StatusForbidden,
	operation.NotFound:        http.StatusNotFound,
	operation.NotReadOnly:     http.StatusMethodNotAllowed,
	operation.RateLimited:     http.StatusTooManyRequests,
	operation.Canceled:        499, // as nginx logs it
	operation.BadUpstream:     http.StatusBadGateway,
	operation.Unavailable:     http.StatusServiceUnavailable,
	operation.TimedOut:        http.StatusGatewayTimeout,
}

// FromOperation returns the error with its status; unexecuted is the status of a response
// without data.
func FromOperation(err *operation.Error, unexecuted int) *Error {
	e := &Error{Status: unexecuted, Failure: *err}
	if err.Class != operation.Unexecuted {
		e.Status = statuses[err.Class]
	}
	if err.Class == operation.NotReadOnly {
		e.Header = [2]string{"Allow", http.MethodPost}
	}
	return e
}

// Write answers with the error as JSON.
func (e *Error) Write(w http.ResponseWriter) { e.WriteAs(w, JSONType) }

// WriteAs answers with the error in a media type of JSON.
func (e *Error) WriteAs(w http.ResponseWriter, contentType []string) {
	h := w.Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Header[0] != "" {
		h.Set(e.Header[0], e.Header[1])
	}
	if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		h.Set("Cache-Control", operation.NoStore)
	}
	Write(w, e.Status, contentType, e.Body())
}

// Write answers with a body.
func Write(w http.ResponseWriter, status int, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // #nosec G705 -- JSON, said to be that, and nosniff
}

// WriteJSON answers with a value for operators to read.
func WriteJSON(w http.ResponseWriter, v any) {
	body, _ := json.MarshalIndent(v, "", "  ")
	Write(w, http.StatusOK, JSONType, append(body, '\n'))
}

// Errors that several rooms have.
var (
	NotFound         = &Error{Status: http.StatusNotFound, Failure: operation.Error{Code: "NOT_FOUND", Message: "There is no GraphQL endpoint at this path."}}
	MethodNotAllowed = &Error{Status: http.StatusMethodNotAllowed, Failure: operation.Error{Code: "METHOD_NOT_ALLOWED", Message: "This path does not take this method; the Allow header names those it takes."}}
	ForeignOrigin    = &Error{Status: http.StatusForbidden, Failure: operation.Error{Code: "CSRF", Message: "This comes from a page of another origin, which may not send requests here."}}
)
