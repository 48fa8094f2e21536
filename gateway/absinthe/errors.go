package absinthe

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// errorOf returns how an error of a call looks to a client. The causes of contexts stay as
// they are.
func (u *Upstream) errorOf(err error, idempotent bool) error {
	var (
		refused  *rpcclient.ContextError
		halted   *rpcclient.HaltedError
		syntax   *etf.SyntaxError
		noMemory *erldist.NoMemoryError
		tooLarge *erldist.TooLargeError
		lost     *erldist.LostError
	)
	switch {
	case errors.As(err, &refused):
		return u.contextRefused(refused)
	case errors.As(err, &halted):
		return haltedError(halted)
	case errors.As(err, &syntax):
		return operation.Refuse("BAD_REQUEST", "The variables cannot be read, at byte %d of them: %s.", syntax.Offset, syntax.Reason)
	case errors.As(err, &noMemory), errors.As(err, &tooLarge) && tooLarge.Total:
		return engine.NoMemory(err, idempotent)
	case errors.Is(err, rpcclient.ErrNoNode):
		return &operation.Error{Class: operation.Unavailable, Code: "NO_NODE_AVAILABLE", Message: "The application cannot be reached.", RetryAfter: u.absinthe.Pool.RetryAfter(), Cause: err}
	case errors.Is(err, rpcclient.ErrOverloaded):
		return operation.Overloaded.WithCause(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &lost):
		return &operation.Error{Class: operation.BadUpstream, Code: "NODE_DOWN", Message: "The connection to the application was lost before it answered; whether the operation was run is unknown.", Cause: err}
	case errors.As(err, &tooLarge):
		return engine.ResultTooLarge(err)
	}
	return err
}

// contextRefused returns the error of a client whose context the application refused to
// build.
func (u *Upstream) contextRefused(refused *rpcclient.ContextError) error {
	e := &operation.Error{Class: operation.Unauthenticated, Code: "UNAUTHENTICATED", Message: "The application refused the request's credentials.", Cause: refused}
	if refused.Forbidden {
		e.Class, e.Code, e.Message = operation.Forbidden, "FORBIDDEN", "The application does not allow this."
	}
	if u.exposeErrors {
		e.Message = refused.Error()
	}
	return e
}

// haltedError returns the error of an operation that a plug has answered. Transports that
// cannot send the plug's response tell its class.
func haltedError(halted *rpcclient.HaltedError) error {
	e := &operation.Error{Class: operation.Internal, Code: "HALTED", Message: fmt.Sprintf("The application refused this with status %d.", halted.Status), Cause: halted}
	switch {
	case halted.Status == 401:
		e.Class, e.Code = operation.Unauthenticated, "UNAUTHENTICATED"
	case halted.Status == 403:
		e.Class, e.Code = operation.Forbidden, "FORBIDDEN"
	case halted.Status == 429:
		e.Class, e.Code = operation.RateLimited, "RATE_LIMITED"
	case halted.Status >= 400 && halted.Status < 500:
		e.Class = operation.BadRequest
	}
	e.Reply = &operation.Reply{Status: halted.Status, Header: fieldsOf(halted.Header), Body: halted.Body}
	return e
}

// noJSONMessage says what in a result has no JSON form, and what to do about it.
func noJSONMessage(e *etf.JSONError) string {
	message := fmt.Sprintf("The application's answer has no JSON form at %s: %s.", e.Path, e.Reason)
	if e.Struct != "" {
		message += " An encoder of the application is used only with json_codec: return what it encodes to, or set json_codec to Jason."
	}
	return message
}
