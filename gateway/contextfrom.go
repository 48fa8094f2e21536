package gateway

import (
	"crypto/sha256"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
)

// claim gives an operation what the application builds its context from, and what
// that may be kept under: the same, since the application knows nothing else of who
// is asking.
func (c *caller) claim(op *rpcclient.Operation) {
	if c.claims == nil {
		return
	}
	op.Claims = c.claims
	sum := sha256.Sum256(c.claims)
	op.ContextKey = string(sum[:])
	if c.identity != nil {
		op.ContextExpires = c.identity.Expires
	}
}

// contextFailure is how it looks to a client that the application refused to build
// its context.
func contextFailure(refused *rpcclient.ContextError, app *App) *failure {
	f := failureOf(auth.ErrUnauthenticated, app)
	f.message = "The application refused the request's credentials."
	if refused.Forbidden {
		f = failureOf(auth.ErrForbidden, app)
		f.message = "The application does not allow this."
	}
	f.cause = refused
	if app.Config.ExposeErrors {
		f.message = refused.Error()
	}
	return f
}
