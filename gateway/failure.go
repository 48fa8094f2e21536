package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A failure is why a request gets no answer of Absinthe: a GraphQL body
// {"errors": [{"message", "extensions": {"code"}}]} with an HTTP status.
type failure struct {
	status     int // 0: that of an answer of Absinthe without data
	code       string
	message    string
	retryAfter time.Duration
	header     [2]string // a header and its value, if it has one
	cause      error     // for the log; nil where the message says it all
}

func (f *failure) Error() string { return f.message }

// Failures that are the same for every request.
var (
	notFound              = &failure{status: http.StatusNotFound, code: "NOT_FOUND", message: "There is no GraphQL endpoint at this path."}
	unknownNode           = &failure{status: http.StatusNotFound, code: "NOT_FOUND", message: "There is no node of this name or address; GET /status lists those there are."}
	unknownSchema         = &failure{status: http.StatusServiceUnavailable, code: "SCHEMA_UNKNOWN", message: "No node has told its schema yet."}
	methodNotAllowed      = &failure{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: "This path does not take this method; the Allow header names those it takes."}
	onlyQueries           = &failure{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: "By GET only queries are run. This is none, or it cannot be told whether it is one: use POST.", header: [2]string{"Allow", http.MethodPost}}
	noSubscriptions       = &failure{code: "SUBSCRIPTION_NOT_SUPPORTED", message: "Subscriptions are not served yet: this endpoint runs queries and mutations."}
	notAcceptable         = &failure{status: http.StatusNotAcceptable, code: "NOT_ACCEPTABLE", message: "The answer can only be application/graphql-response+json or application/json, in UTF-8; the request's Accept header takes neither."}
	unsupportedMedia      = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", message: "The request's Content-Type must be application/json or application/graphql, in UTF-8."}
	formsOff              = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", message: "Forms are not taken here: the request's Content-Type must be application/json or application/graphql."}
	unsupportedEncoding   = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_ENCODING", message: "The request's Content-Encoding must be one of zstd, br and gzip.", header: [2]string{"Accept-Encoding", "zstd, br, gzip"}}
	badEncoding           = &failure{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_ENCODING", message: "The request's body is not what its Content-Encoding says."}
	cutOff                = badRequest("The request's body is cut off.")
	notUTF8               = badRequest("The request is not UTF-8.")
	noQuery               = badRequest(`The request has no "query".`)
	operatorsOnly         = &failure{status: http.StatusUnauthorized, code: "UNAUTHENTICATED", message: "This is for operators: send the token of admin_token as Authorization: Bearer.", header: [2]string{"WWW-Authenticate", `Bearer realm="louche operators"`}}
	tooManyGuesses        = &failure{status: http.StatusTooManyRequests, code: "RATE_LIMITED", message: "Too many wrong tokens were sent from this address.", retryAfter: guessInterval}
	namedHost             = &failure{status: http.StatusForbidden, code: "FORBIDDEN", message: "Without admin_token, use an IP address or localhost as Host: another name in Host may belong to a web page (DNS rebinding)."}
	notPreflighted        = &failure{status: http.StatusForbidden, code: "CSRF", message: "A page of another site could have made a browser send this. Send a Content-Type of application/json, or one of the headers " + strings.Join(csrfHeaders, ", ") + " with any value."}
	foreignOrigin         = &failure{status: http.StatusForbidden, code: "CSRF", message: "This comes from a page of another origin, which may not ask here."}
	tooSlow               = &failure{status: http.StatusRequestTimeout, code: "REQUEST_TIMEOUT", message: "The request's body did not arrive in time."}
	persistedNotFound     = &failure{code: "PERSISTED_QUERY_NOT_FOUND", message: "PersistedQueryNotFound"}         // Apollo's words, which
	persistedNotSupported = &failure{code: "PERSISTED_QUERY_NOT_SUPPORTED", message: "PersistedQueryNotSupported"} // its clients look for
	persistedMismatch     = &failure{status: http.StatusBadRequest, code: "PERSISTED_QUERY_HASH_MISMATCH", message: "The hash in the request's extensions is not the SHA-256 of its query, in hexadecimal."}
	notInManifest         = &failure{status: http.StatusNotFound, code: "PERSISTED_QUERY_NOT_IN_LIST", message: "There is no trusted document with this id."}
	notTrusted            = &failure{status: http.StatusForbidden, code: "QUERY_NOT_IN_SAFELIST", message: "Only trusted documents are run here, and this is none of them."}
	overloaded            = &failure{status: http.StatusServiceUnavailable, code: "OVERLOADED", message: "There are more requests than can be answered now.", retryAfter: time.Second}
	answerTooLarge        = &failure{status: http.StatusBadGateway, code: "ANSWER_TOO_LARGE", message: "The application's answer is too large."}
	clientLeft            = &failure{status: 499, code: "CLIENT_CLOSED_REQUEST", message: "The client closed the connection."}
)

func badRequest(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, code: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}

func tooLarge(limit int64) *failure {
	return &failure{status: http.StatusRequestEntityTooLarge, code: "PAYLOAD_TOO_LARGE",
		message: fmt.Sprintf("The request is larger than %d bytes.", limit)}
}

func batchTooLarge(limit int) *failure {
	return &failure{status: http.StatusBadRequest, code: "BATCH_TOO_LARGE",
		message: fmt.Sprintf("The batch has more than %d operations.", limit)}
}

// authenticationRetry is when to ask again if an issuer's keys cannot be fetched.
const authenticationRetry = 5 * time.Second

// failureOf says how an error of packages auth and rpcclient looks to a client.
func failureOf(err error, app *App) *failure {
	var (
		known    *failure
		syntax   *etf.SyntaxError
		lost     *erldist.LostError
		noJSON   *etf.JSONError
		answered *erldist.TooLargeError
		printed  *etf.JSONSizeError
		refused  *rpcclient.ContextError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return contextFailure(refused, app)
	case errors.Is(err, auth.ErrUnauthenticated):
		message := "Authentication is required."
		if errors.Is(err, auth.ErrInvalidCredentials) {
			message = "The request's credentials are invalid or have expired."
		}
		return &failure{status: http.StatusUnauthorized, code: "UNAUTHENTICATED", message: aboutEntry(err, message), header: challenge(err, app.authenticator.Load().Headers()), cause: err}
	case errors.Is(err, auth.ErrUnavailable):
		return &failure{status: http.StatusServiceUnavailable, code: "AUTHENTICATION_UNAVAILABLE", message: "Credentials cannot be verified now.", retryAfter: authenticationRetry, cause: err}
	case errors.Is(err, auth.ErrForbidden):
		return &failure{status: http.StatusForbidden, code: "FORBIDDEN", message: fmt.Sprintf("This is not allowed: %v.", err)}
	case errors.Is(err, auth.ErrInvalidValue):
		return &failure{status: http.StatusBadRequest, code: "BAD_REQUEST", message: aboutEntry(err, "This request cannot be understood.")}
	case errors.As(err, &syntax):
		return badRequest("The variables cannot be read, at byte %d of them: %s.", syntax.Offset, syntax.Reason)
	case errors.Is(err, rpcclient.ErrNoNode):
		return &failure{status: http.StatusServiceUnavailable, code: "NO_NODE_AVAILABLE", message: "The application cannot be reached.", retryAfter: app.Absinthe.Pool.RetryAfter(), cause: err}
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
		f := *answerTooLarge
		f.cause = err
		return &f
	case errors.As(err, &noJSON):
		return &failure{status: http.StatusInternalServerError, code: "INTERNAL", cause: err, message: noJSONMessage(noJSON)}
	}
	f := &failure{status: http.StatusInternalServerError, code: "INTERNAL", message: "The operation failed in the application.", cause: err}
	if app.Config.ExposeErrors {
		f.message = err.Error()
	}
	return f
}

// noJSONMessage says what in an answer has no JSON form, and what to do about it.
func noJSONMessage(e *etf.JSONError) string {
	message := fmt.Sprintf("The application's answer has no JSON form at %s: %s.", e.Path, e.Reason)
	if e.Struct != "" {
		message += " An encoder of the application is used only with json_codec: return what it encodes to, or set json_codec to Jason."
	}
	return message
}

// challenge says how to authenticate, where Authorization is among the headers that
// are looked at for it (RFC 6750).
func challenge(err error, read []string) [2]string {
	if !slices.Contains(read, "Authorization") {
		return [2]string{}
	}
	value := `Bearer realm="louche"`
	if errors.Is(err, auth.ErrInvalidCredentials) {
		value += `, error="invalid_token"`
	}
	return [2]string{"WWW-Authenticate", value}
}

// aboutEntry names the entry of the context that cannot be made, and where it comes
// from, if that is why a request failed. The peer, which the error names where its
// header does not count, is none of a client's business.
func aboutEntry(err error, otherwise string) string {
	var e *auth.ContextFieldError
	if !errors.As(err, &e) {
		return otherwise
	}
	return fmt.Sprintf("The context's entry %s cannot be made: %s %s.", e.Field, e.Source, e.Problem)
}

// write answers with JSON.
func (f *failure) write(w http.ResponseWriter) { f.writeAs(jsonMedia, w) }

func (f *failure) writeAs(media *mediaType, w http.ResponseWriter) {
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.retryAfter+time.Second-1)/time.Second)))
	}
	if f.header[0] != "" {
		w.Header().Set(f.header[0], f.header[1])
	}
	if f.status == http.StatusUnauthorized || f.status == http.StatusForbidden {
		w.Header().Set("Cache-Control", noStore)
	}
	status := f.status
	if status == 0 {
		status = media.noData
	}
	writeBody(w, media, status, f.body())
}

// body is the GraphQL answer that says it.
func (f *failure) body() []byte {
	type extensions struct {
		Code string `json:"code"`
	}
	type graphQLError struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	body, _ := json.Marshal(map[string][]graphQLError{"errors": {{f.message, extensions{f.code}}}})
	return body
}

func writeJSON(w http.ResponseWriter, status int, body []byte) { writeBody(w, jsonMedia, status, body) }

func writeBody(w http.ResponseWriter, media *mediaType, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = media.header
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // #nosec G705 -- JSON, said to be that, and nosniff
}
