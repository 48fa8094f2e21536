package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/louche-graphql/louche/internal/keypath"
)

// An Authenticator authenticates requests, and authorizes operations.
type Authenticator struct {
	methods        []method
	allowAnonymous bool // requests without credentials are allowed
	rules          []rule
}

// A method authenticates requests in one way.
type method interface {
	// authenticate returns nil without an error if the request has no credentials of
	// this method. Errors wrap [ErrInvalidCredentials] or [ErrUnavailable] and give the
	// reason for the log. They contain no secret.
	authenticate(context.Context, *Request) (*Identity, error)
	// headers returns the names of the request headers that the method reads.
	headers() []string
	// usesAmbientCredentials reports whether browsers attach the credentials by
	// themselves, as they do with cookies and client certificates. A page of any origin
	// can then send requests as the user.
	usesAmbientCredentials() bool
}

// NewAuthenticator returns an Authenticator for a section that [Config.Validate] accepts.
// It reads the files that the section names. It reuses the key sets that former, which may
// be nil, has fetched; the caller closes both. The error joins those of all methods.
func NewAuthenticator(cfg Config, former *Authenticator, log *slog.Logger) (*Authenticator, error) {
	return newAuthenticator(cfg, methodDependencies{keySets: former.remoteKeySets(), log: log})
}

// CheckFiles returns the errors of [NewAuthenticator], and fetches nothing.
func (c Config) CheckFiles() error {
	a, err := newAuthenticator(c, methodDependencies{offline: true})
	if err == nil {
		a.Close()
	}
	return err
}

func newAuthenticator(cfg Config, deps methodDependencies) (*Authenticator, error) {
	a := &Authenticator{allowAnonymous: cfg.Anonymous == anonymousAllow, rules: newRules(cfg)}
	var errs []error
	for i := range cfg.Methods {
		for key, s := range cfg.Methods[i].sections() {
			m, err := s.newMethod(deps)
			if err != nil {
				errs = append(errs, keypath.In(err, "auth", "methods", i, key))
				continue
			}
			a.methods = append(a.methods, m)
			deps.keySets = append(deps.keySets, a.remoteKeySets()...)
		}
	}
	if errs != nil {
		a.Close()
		return nil, errors.Join(errs...)
	}
	return a, nil
}

// Authenticate returns the identity of a request; nil: the request is anonymous, and may
// be. Errors wrap [ErrUnauthenticated] or [ErrUnavailable], or are the cause of ctx.
func (a *Authenticator) Authenticate(ctx context.Context, r *Request) (*Identity, error) {
	var failure error
	for _, m := range a.methods {
		identity, err := m.authenticate(ctx, r)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, ErrUnavailable):
			// Credentials that cannot be checked may be valid, so this error takes
			// precedence over a refusal by another method.
			failure = err
		case err != nil && m.usesAmbientCredentials() && a.allowAnonymous:
			// The browser attached the invalid credentials, and a page cannot remove
			// them. The request counts as anonymous.
		case err != nil:
			// A refusal by the method that recognizes the credentials tells more than
			// errUnrecognized.
			if failure == nil || errors.Is(failure, errUnrecognized) {
				failure = err
			}
		case identity != nil:
			return identity, nil
		}
	}
	switch {
	case failure != nil:
		return nil, failure
	case !a.allowAnonymous && len(r.Header[authorization]) > 0 && slices.Contains(a.Headers(), authorization):
		return nil, fmt.Errorf("%w: the header Authorization has no token after the word Bearer", ErrUnauthenticated)
	case !a.allowAnonymous:
		return nil, fmt.Errorf("%w: the request has no credentials", ErrUnauthenticated)
	}
	return nil, nil
}

// Headers returns the names of the request headers that the methods read.
func (a *Authenticator) Headers() (names []string) {
	for _, m := range a.methods {
		names = append(names, m.headers()...)
	}
	return names
}

// TokenHeaders returns the names of the request headers whose value proves an identity,
// whatever peer sent it. Cookies are not among them.
func (a *Authenticator) TokenHeaders() (names []string) {
	for _, m := range a.methods {
		if _, fromProxies := m.(*proxyHeaders); !fromProxies {
			names = append(names, m.headers()...)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "Cookie" })
}

// UsesAmbientCredentials reports whether browsers attach the credentials of a method by
// themselves.
func (a *Authenticator) UsesAmbientCredentials() bool {
	return slices.ContainsFunc(a.methods, method.usesAmbientCredentials)
}

// Close stops the fetches of key sets.
func (a *Authenticator) Close() {
	for _, m := range a.methods {
		if m, ok := m.(*jwtMethod); ok && m.remote != nil {
			m.remote.Close()
		}
	}
}
