package operation

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Class says how a transport reports an error.
type Class int

// The classes of errors.
const (
	// Internal: the operation failed in the application or in the gateway.
	Internal Class = iota
	// Unexecuted: as an answer of Absinthe without data.
	Unexecuted
	// BadRequest: the client has to change its request.
	BadRequest
	// Unauthenticated: the client has to authenticate.
	Unauthenticated
	// Forbidden: the client may not run the operation.
	Forbidden
	// NotFound: there is no such document.
	NotFound
	// NotReadOnly: the request allows queries alone, and the operation may be another.
	NotReadOnly
	// RateLimited: the client has to wait.
	RateLimited
	// Canceled: the client does not wait for the answer any more.
	Canceled
	// BadUpstream: the connection to the application failed, or its answer is too large.
	BadUpstream
	// Unavailable: the gateway cannot run the operation now.
	Unavailable
	// TimedOut: the application did not answer in time.
	TimedOut
)

// InternalCode is the code of [Internal].
const InternalCode = "INTERNAL"

// An Error is why an operation has no result of the application.
type Error struct {
	Class   Class
	Code    string // extensions.code
	Message string
	// RetryAfter is when the client may try again; 0: unknown.
	RetryAfter time.Duration
	// Reply is the application's own response, for transports that can send it; nil: there
	// is none.
	Reply *Reply
	// Cause is for the log and never for a client; nil: the message says it all.
	Cause error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Refuse returns a [BadRequest] with a code.
func Refuse(code, format string, args ...any) *Error {
	return &Error{Class: BadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithCause returns the error with a cause.
func (e *Error) WithCause(cause error) *Error {
	with := *e
	with.Cause = cause
	return &with
}

// Body returns the GraphQL response {"errors":[{"message","extensions":{"code"}}]}.
func (e *Error) Body() []byte {
	type extensions struct {
		Code string `json:"code"`
	}
	type graphQLError struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	body, _ := json.Marshal(map[string][]graphQLError{"errors": {{e.Message, extensions{e.Code}}}})
	return body
}

// Overloaded refuses an operation for which there is no slot or no memory.
var Overloaded = &Error{Class: Unavailable, Code: "OVERLOADED", Message: "There are more requests than can be answered now.", RetryAfter: time.Second}
