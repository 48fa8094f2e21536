package jwt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// cooldown is the time from the end of a fetch in which tokens with keys that are
	// not known cause no other.
	cooldown = 10 * time.Second
	// patience is how long a request waits for a fetch.
	patience = 5 * time.Second
	// minRefresh is the shortest time between two fetches that an answer can ask for.
	minRefresh = time.Minute
	// After a fetch failed, the next one follows in minBackoff, and in twice the time
	// after each other, until maxBackoff.
	minBackoff = time.Second
	maxBackoff = time.Minute
)

// ErrUnavailable: the keys could not be fetched, so that nothing can be said of the
// token.
var ErrUnavailable = errors.New("the issuer's keys cannot be fetched")

// A Remote is a key set that is fetched, again and again in the background. While that
// fails, the keys that were there last stay. Several may hold one; it ends when all
// have closed it.
type Remote struct {
	source    Source
	transport func() (http.RoundTripper, error)
	log       *slog.Logger
	demand    chan struct{} // has room for one
	cancel    context.CancelFunc
	stopped   chan struct{}

	mu       sync.Mutex
	holders  int
	keys     *Keys  // nil: they have never been fetched
	text     []byte // that they were read from
	from     string // where they were fetched, or should have been
	fetched  time.Time
	tried    time.Time     // when the last fetch ended
	problem  error         // of the last fetch
	fetching chan struct{} // closed at the end of the fetch that is under way or demanded; nil: none is
}

// NewRemote begins to fetch. It does not wait. An outage, its end, and what is wrong
// with a new key set are logged.
func NewRemote(source Source, log *slog.Logger) (*Remote, error) {
	if _, err := source.transport(); err != nil {
		return nil, err
	}
	return newRemote(source, source.transport, log), nil
}

func newRemote(source Source, transport func() (http.RoundTripper, error), log *slog.Logger) *Remote {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Remote{
		source:    source,
		transport: transport,
		log:       log.With("issuer", source.Issuer),
		demand:    make(chan struct{}, 1),
		cancel:    cancel,
		stopped:   make(chan struct{}),
		holders:   1,
		from:      source.URL,
		fetching:  make(chan struct{}),
	}
	go r.run(ctx)
	return r
}

// Hold has one more hold it, and close it; false where it is fetched from elsewhere.
func (r *Remote) Hold(source Source) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.source != source {
		return false
	}
	r.holders++
	return true
}

// Close ends the fetching if nobody else holds it.
func (r *Remote) Close() {
	r.mu.Lock()
	r.holders--
	last := r.holders == 0
	r.mu.Unlock()
	if last {
		r.cancel()
		<-r.stopped
	}
}

// Keys are those known; nil: none have been fetched yet.
func (r *Remote) Keys() *Keys {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// Newer is for tokens whose key is not in keys. It has them fetched, unless that has
// just been done, and waits for a bounded time. All who wait, wait for the same fetch.
// The same keys again mean that there are no others; the error is [ErrUnavailable] or
// the cause of ctx.
func (r *Remote) Newer(ctx context.Context, keys *Keys) (*Keys, error) {
	r.mu.Lock()
	if r.keys == keys && r.fetching == nil && time.Since(r.tried) >= cooldown {
		r.fetching = make(chan struct{})
		r.demand <- struct{}{} // never full: fetching was nil
	}
	known, fetching := r.keys, r.fetching
	r.mu.Unlock()
	if known == keys && fetching != nil {
		enough := time.NewTimer(patience)
		defer enough.Stop()
		select {
		case <-fetching:
		case <-enough.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == keys && (r.problem != nil || r.fetching != nil) {
		return nil, ErrUnavailable
	}
	return r.keys, nil
}

// KeySetStatus is what operators see of a key set.
type KeySetStatus struct {
	Issuer string
	URL    string // without a query; empty while it is not known
	Keys   int
	// Age is the time since the last fetch that succeeded; negative: none has.
	Age time.Duration
	// Problem is why the last fetch failed; nil: it did not.
	Problem error
}

// Status tells how the key set is.
func (r *Remote) Status() KeySetStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := KeySetStatus{Issuer: r.source.Issuer, URL: r.from, Keys: r.keys.Len(), Age: -1, Problem: r.problem}
	if r.keys != nil {
		s.Age = time.Since(r.fetched)
	}
	return s
}

func (r *Remote) run(ctx context.Context) {
	defer close(r.stopped)
	failures := 0
	for {
		next, err := r.refresh(ctx)
		if err == nil {
			failures = 0
		} else {
			next = min(minBackoff<<min(failures, 10), maxBackoff)
			failures++
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-r.demand:
			timer.Stop()
		}
	}
}

// refresh fetches once and says when to do it again.
func (r *Remote) refresh(ctx context.Context) (next time.Duration, err error) {
	r.mu.Lock()
	if r.fetching == nil {
		r.fetching = make(chan struct{})
	}
	known := r.text
	r.mu.Unlock()
	a, keys, problems, err := r.fetch(ctx, known)

	r.mu.Lock()
	defer r.mu.Unlock()
	outage := r.problem != nil
	r.tried, r.problem = time.Now(), err
	close(r.fetching)
	r.fetching = nil
	select {
	case <-r.demand: // by somebody who came before this fetch
	default:
	}
	switch {
	case ctx.Err() != nil:
		return 0, err
	case err != nil:
		if !outage {
			r.log.Warn("the issuer's keys cannot be fetched", "known", r.keys.Len(), "reason", err)
		}
		return 0, err
	}
	if outage {
		r.log.Info("the issuer's keys are fetched again")
	}
	r.fetched, r.from = r.tried, shown(a.from)
	if keys != nil {
		r.keys, r.text = keys, a.text
		r.log.Debug("the issuer has new keys", "keys", keys.Len())
		if len(problems) > 0 {
			r.log.Warn("some of the issuer's keys are left out", "url", r.from, "left_out", len(problems), "reason", problems[0])
		}
	}
	next = r.source.Refresh
	if a.maxAge >= 0 {
		next = min(next, max(a.maxAge, minRefresh))
	}
	return next, nil
}

// fetch returns no keys if the answer is the one that is known.
func (r *Remote) fetch(ctx context.Context, known []byte) (*answer, *Keys, []error, error) {
	transport, err := r.transport()
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := r.source.fetch(ctx, transport)
	if err != nil || known != nil && bytes.Equal(a.text, known) {
		return a, nil, nil, err
	}
	keys, problems, err := ParseKeySet(a.text)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", shown(a.from), err)
	}
	return a, keys, problems, nil
}
