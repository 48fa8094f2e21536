package engine

import (
	"math/rand/v2"
	"time"
)

// A guest is a subscription or a connection that has to leave when the gateway stops, or when
// it serves the application by another configuration.
type guest struct {
	sendAway func()
	timer    *time.Timer // nil: the guest may stay
}

// Attend registers a connection that is sent away with the subscriptions. leave must be called
// at its end.
func (s *Subscriptions) Attend(sendAway func()) (leave func()) {
	g := &guest{sendAway: sendAway}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit(g)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dismiss(g)
	}
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

// Leave sends all guests away, spread over a time, and waits until they have left.
// Subscriptions end with [ErrGoingAway]. Guests that come later leave within the same time.
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

// schedule sends a guest away at a random moment until s.leaving. The caller holds s.mu.
func (s *Subscriptions) schedule(g *guest) {
	after := time.Duration(rand.Int64N(max(1, int64(time.Until(s.leaving))))) // #nosec G404 -- no secret
	g.timer = time.AfterFunc(after, g.sendAway)
}
