package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/dist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A failure is why a request gets no answer of Absinthe: a GraphQL body
// {"errors": [{"message", "extensions": {"code"}}]} with an HTTP status.
type failure struct {
	status     int
	code       string
	message    string
	retryAfter time.Duration
	cause      error // for the log; nil where the message says it all
}

func (f *failure) Error() string { return f.message }

// Failures that are the same for every request.
var (
	notFound            = &failure{status: http.StatusNotFound, code: "NOT_FOUND", message: "There is no GraphQL endpoint at this path."}
	unknownNode         = &failure{status: http.StatusNotFound, code: "NOT_FOUND", message: "There is no node of this name; GET /status names those there are."}
	unknownSchema       = &failure{status: http.StatusServiceUnavailable, code: "SCHEMA_UNKNOWN", message: "No node has told its schema yet."}
	methodNotAllowed    = &failure{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: "This path does not take this method; the Allow header names those it takes."}
	unsupportedMedia    = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", message: "The request's Content-Type must be application/json, in UTF-8."}
	unsupportedEncoding = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", message: "The request's body must not be compressed."}
	tooSlow             = &failure{status: http.StatusRequestTimeout, code: "REQUEST_TIMEOUT", message: "The request's body did not arrive in time."}
	overloaded          = &failure{status: http.StatusServiceUnavailable, code: "OVERLOADED", message: "There are more requests than can be answered now.", retryAfter: time.Second}
	clientLeft          = &failure{status: 499, code: "CLIENT_CLOSED_REQUEST", message: "The client closed the connection."}
)

func badRequest(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, code: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}

func tooLarge(limit int64) *failure {
	return &failure{status: http.StatusRequestEntityTooLarge, code: "PAYLOAD_TOO_LARGE",
		message: fmt.Sprintf("The request is larger than %d bytes.", limit)}
}

// failureOf says how an error of packages auth and rpcclient looks to a client.
func failureOf(err error, app *App) *failure {
	var (
		known    *failure
		syntax   *etf.SyntaxError
		lost     *dist.LostError
		noJSON   *etf.JSONError
		answered *dist.TooLargeError
		printed  *etf.JSONSizeError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, auth.ErrUnauthenticated):
		return &failure{status: http.StatusUnauthorized, code: "UNAUTHENTICATED", message: "This request needs to say who is asking.", cause: err}
	case errors.Is(err, auth.ErrInvalid):
		return badRequest("Who is asking cannot be told: %v.", err)
	case errors.As(err, &syntax):
		return badRequest("The variables cannot be read, at byte %d of them: %s.", syntax.Offset, syntax.Reason)
	case errors.Is(err, rpcclient.ErrNoNode):
		return &failure{http.StatusServiceUnavailable, "NO_NODE_AVAILABLE", "The application cannot be reached.", app.Absinthe.Pool.RetryAfter(), err}
	case errors.Is(err, rpcclient.ErrCircuitOpen):
		return &failure{http.StatusServiceUnavailable, "CIRCUIT_OPEN", "The application is failing and is left alone for a moment.", app.Absinthe.Pool.RetryAfter(), err}
	case errors.Is(err, rpcclient.ErrOverloaded):
		f := *overloaded
		f.cause = err
		return &f
	case errors.Is(err, context.Canceled):
		return clientLeft
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{status: http.StatusGatewayTimeout, code: "TIMEOUT", message: "The application did not answer in time.", cause: err}
	case errors.As(err, &lost):
		return &failure{status: http.StatusBadGateway, code: "NODE_DOWN", message: "The connection to the application was lost before it answered; whether the operation was run is unknown.", cause: err}
	case errors.As(err, &answered), errors.As(err, &printed):
		return &failure{status: http.StatusBadGateway, code: "ANSWER_TOO_LARGE", message: "The application's answer is too large.", cause: err}
	case errors.As(err, &noJSON):
		return &failure{status: http.StatusInternalServerError, code: "INTERNAL", cause: err,
			message: fmt.Sprintf("The application's answer has no JSON form at %s: %s.", noJSON.Path, noJSON.Reason)}
	}
	f := &failure{status: http.StatusInternalServerError, code: "INTERNAL", message: "The operation failed in the application.", cause: err}
	if app.Config.ExposeErrors {
		f.message = err.Error()
	}
	return f
}

func (f *failure) write(w http.ResponseWriter) {
	type extensions struct {
		Code string `json:"code"`
	}
	type graphQLError struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	body, _ := json.Marshal(map[string][]graphQLError{"errors": {{f.message, extensions{f.code}}}})
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.retryAfter+time.Second-1)/time.Second)))
	}
	writeJSON(w, f.status, body)
}

// jsonType is shared by all answers; net/http does not change it.
var jsonType = []string{"application/json; charset=utf-8"}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
