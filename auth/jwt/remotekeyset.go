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
	// refreshCooldown is the time from the end of a fetch in which tokens with keys that are
	// not known cause no other.
	refreshCooldown = 10 * time.Second
	// maxRefreshWait is how long a request waits for a fetch.
	maxRefreshWait = 5 * time.Second
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

// A RemoteKeySet is a key set that is fetched, again and again in the background. While that
// fails, the keys that were there last stay. Several may hold one; it ends when all
// have closed it.
type RemoteKeySet struct {
	source          KeySetSource
	transport       func() (http.RoundTripper, error)
	log             *slog.Logger
	refreshRequests chan struct{} // has room for one
	cancel          context.CancelFunc
	done            chan struct{}

	mu          sync.Mutex
	references  int
	keys        *Keys  // nil: they have never been fetched
	raw         []byte // that they were read from
	url         string // where they were fetched, or should have been
	fetchedAt   time.Time
	attemptedAt time.Time     // when the last fetch ended
	fetchErr    error         // of the last fetch
	inFlight    chan struct{} // closed at the end of the fetch that is under way or demanded; nil: none is
}

// NewRemoteKeySet begins to fetch. It does not wait. An outage, its end, and what is wrong
// with a new key set are logged.
func NewRemoteKeySet(source KeySetSource, log *slog.Logger) (*RemoteKeySet, error) {
	if _, err := source.newTransport(); err != nil {
		return nil, err
	}
	return newRemoteKeySet(source, source.newTransport, log), nil
}

func newRemoteKeySet(source KeySetSource, transport func() (http.RoundTripper, error), log *slog.Logger) *RemoteKeySet {
	ctx, cancel := context.WithCancel(context.Background())
	r := &RemoteKeySet{
		source:          source,
		transport:       transport,
		log:             log.With("issuer", source.Issuer),
		refreshRequests: make(chan struct{}, 1),
		cancel:          cancel,
		done:            make(chan struct{}),
		references:      1,
		url:             source.URL,
		inFlight:        make(chan struct{}),
	}
	go r.run(ctx)
	return r
}

// Retain has one more hold it, and close it; false where it is fetched from elsewhere.
func (r *RemoteKeySet) Retain(source KeySetSource) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.source != source {
		return false
	}
	r.references++
	return true
}

// Close ends the fetching if nobody else holds it.
func (r *RemoteKeySet) Close() {
	r.mu.Lock()
	r.references--
	last := r.references == 0
	r.mu.Unlock()
	if last {
		r.cancel()
		<-r.done
	}
}

// Keys are those known; nil: none have been fetched yet.
func (r *RemoteKeySet) Keys() *Keys {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// Refresh is for tokens whose key is not in keys. It has them fetched, unless that has
// just been done, and waits for a bounded time. All who wait, wait for the same fetch.
// The same keys again mean that there are no others; the error is [ErrUnavailable] or
// the cause of ctx.
func (r *RemoteKeySet) Refresh(ctx context.Context, keys *Keys) (*Keys, error) {
	r.mu.Lock()
	if r.keys == keys && r.inFlight == nil && time.Since(r.attemptedAt) >= refreshCooldown {
		r.inFlight = make(chan struct{})
		r.refreshRequests <- struct{}{} // never full: fetching was nil
	}
	known, fetching := r.keys, r.inFlight
	r.mu.Unlock()
	if known == keys && fetching != nil {
		enough := time.NewTimer(maxRefreshWait)
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
	if r.keys == keys && (r.fetchErr != nil || r.inFlight != nil) {
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
func (r *RemoteKeySet) Status() KeySetStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := KeySetStatus{Issuer: r.source.Issuer, URL: r.url, Keys: r.keys.Len(), Age: -1, Problem: r.fetchErr}
	if r.keys != nil {
		s.Age = time.Since(r.fetchedAt)
	}
	return s
}

func (r *RemoteKeySet) run(ctx context.Context) {
	defer close(r.done)
	failures := 0
	for {
		next, err := r.fetchAndStore(ctx)
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
		case <-r.refreshRequests:
			timer.Stop()
		}
	}
}

// fetchAndStore fetches once and says when to do it again.
func (r *RemoteKeySet) fetchAndStore(ctx context.Context) (next time.Duration, err error) {
	r.mu.Lock()
	if r.inFlight == nil {
		r.inFlight = make(chan struct{})
	}
	known := r.raw
	r.mu.Unlock()
	a, keys, problems, err := r.fetch(ctx, known)

	r.mu.Lock()
	defer r.mu.Unlock()
	outage := r.fetchErr != nil
	r.attemptedAt, r.fetchErr = time.Now(), err
	close(r.inFlight)
	r.inFlight = nil
	select {
	case <-r.refreshRequests: // by somebody who came before this fetch
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
	r.fetchedAt, r.url = r.attemptedAt, redactURL(a.url)
	if keys != nil {
		r.keys, r.raw = keys, a.body
		r.log.Debug("the issuer has new keys", "keys", keys.Len())
		if len(problems) > 0 {
			r.log.Warn("some of the issuer's keys are left out", "url", r.url, "left_out", len(problems), "reason", problems[0])
		}
	}
	next = r.source.Refresh
	if a.maxAge >= 0 {
		next = min(next, max(a.maxAge, minRefresh))
	}
	return next, nil
}

// fetch returns no keys if the answer is the one that is known.
func (r *RemoteKeySet) fetch(ctx context.Context, known []byte) (*response, *Keys, []error, error) {
	transport, err := r.transport()
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := r.source.fetch(ctx, transport)
	if err != nil || known != nil && bytes.Equal(a.body, known) {
		return a, nil, nil, err
	}
	keys, problems, err := ParseKeySet(a.body)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", redactURL(a.url), err)
	}
	return a, keys, problems, nil
}
