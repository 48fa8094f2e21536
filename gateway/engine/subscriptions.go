package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
)

// A Publisher subscribes operations.
type Publisher interface {
	// Subscribe subscribes an operation. If the application answers instead, result is the
	// answer. Its errors are those of [Upstream.Run].
	Subscribe(ctx context.Context, call *Call) (source Source, result Result, err error)
}

// A Source is a subscribed operation.
type Source interface {
	// Node names the node that runs the operation.
	Node() string
	// Next waits for the next result; lost is how many before it are missing. The result may
	// be nil if lost is not 0. Its error is the cause of ctx, or why the source has ended.
	Next(ctx context.Context) (result Result, lost int, err error)
	Close()
}

// Subscriptions are the subscriptions of one application. Clients whose document, variables
// and context are equal share a feed.
type Subscriptions struct {
	config    SubscriptionConfig
	timeout   time.Duration // of subscribing
	publisher Publisher
	memory    *memory.Budget
	counts    *SubscriptionCounts

	mu         sync.Mutex // also guards the fields of feeds and listeners that say so
	feeds      map[callKey]*feed
	listeners  int
	identities map[string]int
	guests     map[*guest]struct{}
	leaving    time.Time     // when the last guest has to leave; zero: none has to
	empty      chan struct{} // closed once there are no guests after Leave
}

// SubscriptionCounts count what becomes of results. They may go on in other Subscriptions.
type SubscriptionCounts struct {
	Events       atomic.Uint64 // results for clients
	Dropped      atomic.Uint64 // results that clients did not get
	Resubscribed atomic.Uint64 // feeds that subscribed again
}

// NewSubscriptions returns Subscriptions. Results take their memory from budget.
func NewSubscriptions(cfg Config, publisher Publisher, budget *memory.Budget, counts *SubscriptionCounts) *Subscriptions {
	return &Subscriptions{
		config:     cfg.Subscriptions,
		timeout:    cfg.Timeout,
		publisher:  publisher,
		memory:     budget,
		counts:     counts,
		feeds:      make(map[callKey]*feed),
		identities: make(map[string]int),
		guests:     make(map[*guest]struct{}),
	}
}

var (
	errTooManySubscriptions = &operation.Error{Class: operation.RateLimited, Code: "TOO_MANY_SUBSCRIPTIONS", Message: "There are too many subscriptions of this client: end others first.", RetryAfter: time.Second}
	// ErrGoingAway ends a subscription whose client should subscribe again at once: the
	// gateway stops, or serves the application by another configuration.
	ErrGoingAway = &operation.Error{Class: operation.Unavailable, Code: "GOING_AWAY", Message: "The gateway ends this subscription: subscribe again.", RetryAfter: time.Second}
)

// listen adds a client to the feed of a run, which it may have to start.
func (s *Subscriptions) listen(r *run) (*listener, error) {
	l := &listener{subscriptions: s, identity: r.caller.subscriber(), wake: make(chan struct{}, 1)}
	if !r.caller.attends {
		l.guest = guest{caller: r.caller.credentials(r.Authenticator.Headers()), end: l.endWith}
		if id := r.caller.identity; id != nil {
			l.expires = id.Expires
		}
	}
	key := r.callKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.identities[l.identity] >= s.config.PerIdentity {
		return nil, errTooManySubscriptions
	}
	f := s.feeds[key]
	if f == nil {
		var err error
		if f, err = s.newFeed(key, r); err != nil {
			return nil, err
		}
		s.feeds[key] = f
	}
	l.feed = f
	f.listeners[l] = struct{}{}
	s.listeners++
	s.identities[l.identity]++
	if !r.caller.attends {
		s.admit(&l.guest)
	}
	return l, nil
}

// leave removes a client. The last one ends its feed.
func (s *Subscriptions) leave(l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners--
	if s.identities[l.identity]--; s.identities[l.identity] == 0 {
		delete(s.identities, l.identity)
	}
	for _, item := range l.queue {
		item.event.release()
	}
	l.queue = nil
	f := l.feed
	if delete(f.listeners, l); len(f.listeners) == 0 {
		s.remove(f)
		f.cancel()
	}
	s.dismiss(&l.guest)
}

// remove takes a feed from those that clients may join. The caller holds s.mu.
func (s *Subscriptions) remove(f *feed) {
	if s.feeds[f.key] == f {
		delete(s.feeds, f.key)
	}
}

// SubscriptionStatus is the section subscriptions of GET /status.
type SubscriptionStatus struct {
	Clients      int    `json:"clients"`
	Feeds        int    `json:"feeds"`   // processes on nodes
	Waiting      int    `json:"waiting"` // feeds without a node
	Events       uint64 `json:"events"`
	Dropped      uint64 `json:"dropped"`
	Resubscribed uint64 `json:"resubscribed"`
}

// Status returns the numbers; nil: subscriptions are not served.
func (s *Subscriptions) Status() *SubscriptionStatus {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := 0
	for _, f := range s.feeds {
		if f.waits {
			waiting++
		}
	}
	return &SubscriptionStatus{s.listeners, len(s.feeds), waiting, s.counts.Events.Load(), s.counts.Dropped.Load(), s.counts.Resubscribed.Load()}
}
