package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
)

// Errors that are the same for every request.
var (
	errNotQuery               = &operation.Error{Class: operation.NotReadOnly, Code: "METHOD_NOT_ALLOWED", Message: "GET runs queries only. This operation is not one, or its kind cannot be told: use POST."}
	errSubscription           = &operation.Error{Class: operation.Unexecuted, Code: "SUBSCRIPTION_NOT_SUPPORTED", Message: "Subscriptions are not served here: this endpoint runs queries and mutations."}
	errNoStream               = &operation.Error{Class: operation.Unexecuted, Code: "SUBSCRIPTION_NEEDS_STREAM", Message: "A subscription needs a stream: use a WebSocket, or send Accept: text/event-stream."}
	errSubscriptionFiles      = operation.Refuse("BAD_REQUEST", "A subscription takes no files.")
	errPersistedNotFound      = &operation.Error{Class: operation.Unexecuted, Code: "PERSISTED_QUERY_NOT_FOUND", Message: "PersistedQueryNotFound"}         // Apollo's words, which
	errPersistedNotSupported  = &operation.Error{Class: operation.Unexecuted, Code: "PERSISTED_QUERY_NOT_SUPPORTED", Message: "PersistedQueryNotSupported"} // its clients look for
	errPersistedMismatch      = operation.Refuse("PERSISTED_QUERY_HASH_MISMATCH", "The hash in the request's extensions is not the SHA-256 of its query, in hexadecimal.")
	errNotInManifest          = &operation.Error{Class: operation.NotFound, Code: "PERSISTED_QUERY_NOT_IN_LIST", Message: "There is no trusted document with this id."}
	errNotTrusted             = &operation.Error{Class: operation.Forbidden, Code: "QUERY_NOT_IN_SAFELIST", Message: "Only trusted documents are run here, and this is none of them."}
	errIntrospectionForbidden = &operation.Error{Class: operation.Forbidden, Code: "INTROSPECTION_DISABLED", Message: "Only authenticated requests may ask for the schema."}
)

// ErrClientLeft ends an operation whose client has left, or does not read.
var ErrClientLeft = &operation.Error{Class: operation.Canceled, Code: "CLIENT_CLOSED_REQUEST", Message: "The client closed the connection."}

// authenticationRetry is when a client may try again if an issuer's keys cannot be fetched.
const authenticationRetry = 5 * time.Second

// errorOf returns how an error looks to a client; nil: there is none.
func (e *Engine) errorOf(err error) error {
	if err == nil {
		return nil
	}
	return e.Error(err)
}

// Error returns how an error looks to a client, whose cause is for the log.
func (e *Engine) Error(err error) *operation.Error {
	var known *operation.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, auth.ErrUnauthenticated):
		message := "Authentication is required."
		if errors.Is(err, auth.ErrInvalidCredentials) {
			message = "The request's credentials are invalid or have expired."
		}
		return &operation.Error{Class: operation.Unauthenticated, Code: "UNAUTHENTICATED", Message: fieldMessage(err, message), Cause: err}
	case errors.Is(err, auth.ErrUnavailable):
		return &operation.Error{Class: operation.Unavailable, Code: "AUTHENTICATION_UNAVAILABLE", Message: "Credentials cannot be verified now.", RetryAfter: authenticationRetry, Cause: err}
	case errors.Is(err, auth.ErrForbidden):
		return &operation.Error{Class: operation.Forbidden, Code: "FORBIDDEN", Message: fmt.Sprintf("This is not allowed: %v.", err)}
	case errors.Is(err, auth.ErrInvalidValue):
		return operation.Refuse("BAD_REQUEST", "%s", fieldMessage(err, "This request cannot be understood."))
	case errors.Is(err, context.Canceled):
		return ErrClientLeft
	case errors.Is(err, context.DeadlineExceeded):
		return &operation.Error{Class: operation.TimedOut, Code: "TIMEOUT", Message: "The application did not answer in time.", Cause: err}
	}
	internal := &operation.Error{Class: operation.Internal, Code: operation.InternalCode, Message: "The operation failed in the application.", Cause: err}
	if e.Config.ExposeErrors {
		internal.Message = err.Error()
	}
	return internal
}

// fieldMessage names the field of the context that cannot be made, and its source, if that
// is why a request failed. The error also names the peer whose header does not count, which
// is for the log alone.
func fieldMessage(err error, otherwise string) string {
	var e *auth.ContextFieldError
	if !errors.As(err, &e) {
		return otherwise
	}
	return fmt.Sprintf("The context's entry %s cannot be made: %s %s.", e.Field, e.Source, e.Problem)
}
