package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/ratelimit"
)

// A Caller is the sender of a request.
type Caller struct {
	Request auth.Request
	// Certificate returns the certificate of Request as long as it is valid; nil: the client
	// has none.
	Certificate func() *x509.Certificate
	Client      operation.Client
	Trace       operation.Trace
	// Quotas are what the rate limits by address leave the client.
	Quotas []ratelimit.Quota

	attends  bool           // its connection ends in place of its subscriptions
	identity *auth.Identity // nil: anonymous
	claims   []byte         // of the identity, encoded, where the upstream needs them
}

// Method returns the method that authenticated the caller; empty: none did.
func (c *Caller) Method() string {
	if c.identity == nil {
		return ""
	}
	return c.identity.Method
}

// subscriber identifies the caller by its identity or its address.
func (c *Caller) subscriber() string {
	return cmp.Or(c.Identity(), c.Request.Client.String())
}

// Identity returns what identifies the caller; empty: the caller is anonymous.
func (c *Caller) Identity() string {
	if c.identity == nil {
		return ""
	}
	return fmt.Sprintf("%s %q %q", c.identity.Method, c.identity.Issuer, c.identity.Subject)
}

// credentials returns the part of a caller that authentication reads. It may outlive the
// request.
func (c *Caller) credentials(headers []string) *Caller {
	kept := &Caller{Request: c.Request, Certificate: c.Certificate, identity: c.identity}
	kept.Request.Header = make(map[string][]string)
	for _, name := range headers {
		if values := c.Request.Header[name]; values != nil {
			kept.Request.Header[name] = values
		}
	}
	return kept
}

// current returns the request with the certificate of now.
func (c *Caller) current() *auth.Request {
	r := c.Request
	if c.Certificate != nil {
		r.Certificate = c.Certificate()
	}
	return &r
}

// Authenticate authenticates a caller. It charges the rate limits by address first, which
// bounds guesses of credentials; also a request that is refused later counts. Its errors
// are of type [*operation.Error].
func (e *Engine) Authenticate(ctx context.Context, c *Caller) error {
	var admitted bool
	c.Quotas, admitted = e.Limiter.AllowRequest(c.Quotas, c.Request.Client)
	if !admitted {
		return e.rateLimited(c.Quotas)
	}
	var err error
	if c.identity, err = e.Authenticator.Authenticate(ctx, &c.Request); err != nil {
		return e.errorOf(err)
	}
	if e.Upstream.NeedsClaims() {
		c.claims = auth.AppendClaims(nil, c.identity)
	}
	return nil
}

// setClaims sets the claims of a call. The context that the application builds of them may
// be cached under their hash: the application knows nothing else of the caller.
func (c *Caller) setClaims(call *Call) {
	if c.claims == nil {
		return
	}
	sum := sha256.Sum256(c.claims)
	call.Claims, call.ContextKey = c.claims, string(sum[:])
	if c.identity != nil {
		call.ContextExpires = c.identity.Expires
	}
}

// AllowSDL decides whether a caller may read the schema as if it asked for it by a query,
// and charges the rate limits. Its errors are of type [*operation.Error].
func (e *Engine) AllowSDL(ctx context.Context, c *Caller, quotas []ratelimit.Quota) (_ []ratelimit.Quota, err error) {
	defer func() { err = e.errorOf(err) }()
	if err := e.Authenticate(ctx, c); err != nil {
		return quotas, err
	}
	if err := e.Authenticator.Authorize(c.identity, "query", ""); err != nil {
		return quotas, err
	}
	quotas, err = e.chargeOperation(quotas, c, "query", 1, true)
	if err != nil {
		return quotas, err
	}
	_, identified, err := e.Context.Append(nil, &c.Request, c.identity)
	if err == nil && e.Config.DocumentLimits.OnlyIdentified() && !identified && c.identity == nil {
		err = errIntrospectionForbidden
	}
	return quotas, err
}
