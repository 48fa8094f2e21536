package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// An Authenticator finds out who is asking, and says whether they may.
type Authenticator struct {
	methods   []method
	anonymous bool // who does not say who is asking may ask
	rules     []rule
}

// A method is one way to find out who is asking.
type method interface {
	// authenticate returns nil without an error where the request has nothing that
	// this method is about. Errors wrap [ErrInvalidCredentials] or [ErrUnavailable], say why
	// for the log, and hold nothing secret.
	authenticate(context.Context, *Request) (*Identity, error)
	// headers are the names of the request headers that it looks at.
	headers() []string
	// usesAmbientCredentials says that browsers send by themselves what it looks at, so that a
	// page of any origin can ask as its user: cookies and client certificates.
	usesAmbientCredentials() bool
	// close ends what it does in the background.
	close()
}

// NewAuthenticator makes one of a section that [Config.Validate] accepts. It reads
// the files that the section names. What former, which may be nil, has fetched is
// taken over; both are to be closed. Nothing secret is logged.
func NewAuthenticator(cfg Config, former *Authenticator, log *slog.Logger) (*Authenticator, error) {
	a := &Authenticator{anonymous: cfg.Anonymous == allowAnonymous, rules: newRules(cfg)}
	for i := range cfg.Methods {
		for key, s := range cfg.Methods[i].sections() {
			m, err := s.newMethod(fmt.Sprintf("auth.methods[%d].%s", i, key), methodDependencies{append(former.remoteKeySets(), a.remoteKeySets()...), log})
			if err != nil {
				a.Close()
				return nil, err
			}
			a.methods = append(a.methods, m)
		}
	}
	return a, nil
}

// Authenticate says who is asking; nil if nothing says so and nobody needs to. Errors
// wrap [ErrUnauthenticated] or [ErrUnavailable], or are the cause of ctx.
func (a *Authenticator) Authenticate(ctx context.Context, r *Request) (*Identity, error) {
	var refused error
	for _, m := range a.methods {
		identity, err := m.authenticate(ctx, r)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, ErrUnavailable):
			// That a method cannot tell weighs more than that others refuse, and is never
			// taken for nobody.
			refused = err
		case err != nil && m.usesAmbientCredentials() && a.anonymous:
			// A page could not help sending it, and might never get past it: it
			// counts as none.
		case err != nil:
			// What the method says that the token is for tells more than that it is not
			// for the others.
			if refused == nil || errors.Is(refused, errUnrecognized) {
				refused = err
			}
		case identity != nil:
			return identity, nil
		}
	}
	switch {
	case refused != nil:
		return nil, refused
	case !a.anonymous && len(r.Header[authorization]) > 0 && slices.Contains(a.Headers(), authorization):
		return nil, fmt.Errorf("%w: Authorization has no token after the word Bearer", ErrUnauthenticated)
	case !a.anonymous:
		return nil, fmt.Errorf("%w: the request has no credentials", ErrUnauthenticated)
	}
	return nil, nil
}

// Headers are the names of the request headers that it looks at.
func (a *Authenticator) Headers() (names []string) {
	for _, m := range a.methods {
		names = append(names, m.headers()...)
	}
	return names
}

// UsesAmbientCredentials says whether browsers send by themselves what says who is asking.
func (a *Authenticator) UsesAmbientCredentials() bool {
	for _, m := range a.methods {
		if m.usesAmbientCredentials() {
			return true
		}
	}
	return false
}

// Close ends what is done in the background.
func (a *Authenticator) Close() {
	for _, m := range a.methods {
		m.close()
	}
}
