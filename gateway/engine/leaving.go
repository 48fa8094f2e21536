package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
)

// A guest is a subscription, or a connection with many, that ends before its client wants if
// the gateway stops, if the application has another configuration, or if the client's
// credentials are revoked.
type guest struct {
	caller *Caller     // with its credentials alone
	end    func(error) // [ErrGoingAway]: the client should subscribe again
	timer  *time.Timer // until the end; nil: the guest may stay
}

// Attend has the connection of an authenticated caller end in place of each of its
// subscriptions, also when the credentials expire. leave has to be called at its end.
func (e *Engine) Attend(c *Caller, end func(error)) (leave func()) {
	s := e.Subscriptions
	g := &guest{caller: c.credentials(e.Authenticator.Headers()), end: end}
	c.attends = true
	stopTimer := func() bool { return true }
	if id := c.identity; id != nil && !id.Expires.IsZero() {
		stopTimer = time.AfterFunc(time.Until(id.Expires), func() { end(s.expired()) }).Stop
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit(g)
	return func() {
		stopTimer()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dismiss(g)
	}
}

// expired returns the error with which guests end whose credentials have expired.
func (s *Subscriptions) expired() error {
	if s.config.OnExpiry == onExpiryReconnect {
		return ErrGoingAway
	}
	return errExpired
}

// admit adds a guest. The caller holds s.mu.
func (s *Subscriptions) admit(g *guest) {
	s.guests[g] = struct{}{}
	if !s.leaving.IsZero() {
		s.schedule(g)
	}
}

// dismiss removes a guest. The caller holds s.mu.
func (s *Subscriptions) dismiss(g *guest) {
	delete(s.guests, g)
	if g.timer != nil {
		g.timer.Stop()
	}
	if s.empty != nil && len(s.guests) == 0 {
		close(s.empty)
		s.empty = nil
	}
}

// Leave ends all guests with [ErrGoingAway], spread over a time, and waits for that. Guests
// that come later end within the same time.
func (s *Subscriptions) Leave(over time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.leaving = time.Now().Add(over)
	for g := range s.guests {
		s.schedule(g)
	}
	var empty chan struct{}
	if len(s.guests) > 0 {
		empty = make(chan struct{})
		s.empty = empty
	}
	s.mu.Unlock()
	if empty != nil {
		<-empty
	}
}

// schedule ends a guest at a random moment until s.leaving. The caller holds s.mu.
func (s *Subscriptions) schedule(g *guest) {
	after := time.Duration(rand.Int64N(max(1, int64(time.Until(s.leaving))))) // #nosec G404 -- no secret
	g.timer = time.AfterFunc(after, func() { g.end(ErrGoingAway) })
}

var errRevoked = &operation.Error{Class: operation.Unauthenticated, Code: "UNAUTHENTICATED", Message: "The request's credentials are no longer accepted."}

// Reauthenticate authenticates all guests again, after the files with keys have changed. It
// ends those whose credentials are no longer accepted; those with other claims, whose context
// would be another one, with [ErrGoingAway].
func (s *Subscriptions) Reauthenticate(ctx context.Context, a *auth.Authenticator) {
	if s == nil {
		return
	}
	for _, g := range s.allGuests() {
		identity, err := a.Authenticate(ctx, g.caller.current())
		switch {
		case errors.Is(err, auth.ErrUnauthenticated):
			g.end(errRevoked.WithCause(err))
		case err == nil && !reflect.DeepEqual(identity, g.caller.identity):
			g.end(ErrGoingAway)
		}
	}
}

func (s *Subscriptions) allGuests() []*guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*guest, 0, len(s.guests))
	for g := range s.guests {
		all = append(all, g)
	}
	return all
}
