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
	// refreshCooldown is the minimum time from the end of a fetch to a fetch that a token
	// with an unknown key causes.
	refreshCooldown = 10 * time.Second
	// maxRefreshWait is the maximum time that a request waits for a fetch.
	maxRefreshWait = 5 * time.Second
	// minRefresh is the minimum of Cache-Control: max-age; a shorter max-age is raised to it.
	minRefresh = time.Minute
	// minBackoff is the time from a failed fetch to the next. Each further failure doubles
	// it, up to maxBackoff.
	minBackoff = time.Second
	maxBackoff = time.Minute
)

// ErrUnavailable means that the keys cannot be fetched, so the token can be neither
// accepted nor refused.
var ErrUnavailable = errors.New("the issuer's keys cannot be fetched")

// A RemoteKeySet fetches a key set in the background, at intervals. While fetches fail, it
// keeps the last keys. It counts references: it stops when each of them is closed.
type RemoteKeySet struct {
	source          KeySetSource
	transport       func() (http.RoundTripper, error)
	log             *slog.Logger
	refreshRequests chan struct{} // capacity 1
	cancel          context.CancelFunc
	done            chan struct{}

	mu          sync.Mutex
	references  int
	keys        *Keys  // nil: not fetched yet
	raw         []byte // the text of keys
	url         string // the redacted URL of the last successful fetch, or the configured URL
	fetchedAt   time.Time
	attemptedAt time.Time     // the end of the last fetch
	fetchErr    error         // of the last fetch
	inFlight    chan struct{} // closed at the end of the running or requested fetch; nil: there is none
}

// NewRemoteKeySet starts to fetch and returns at once, with one reference. It logs the
// beginning and the end of an outage, and the problems of a new key set.
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

// Retain adds a reference if the key set has this source, and reports whether it did.
func (r *RemoteKeySet) Retain(source KeySetSource) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.source != source {
		return false
	}
	r.references++
	return true
}

// Close removes a reference. The last Close stops the fetches.
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

// Keys returns the last keys; nil: not fetched yet.
func (r *RemoteKeySet) Keys() *Keys {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// Refresh returns newer keys for a token whose key is not in keys. It requests a fetch,
// unless the last fetch has just ended, and waits for a bounded time. Concurrent calls wait
// for the same fetch. It returns keys itself when there are no newer keys. The error is
// [ErrUnavailable] or the cause of ctx.
func (r *RemoteKeySet) Refresh(ctx context.Context, keys *Keys) (*Keys, error) {
	r.mu.Lock()
	if r.keys == keys && r.inFlight == nil && time.Since(r.attemptedAt) >= refreshCooldown {
		r.inFlight = make(chan struct{})
		r.refreshRequests <- struct{}{} // has room: no fetch was requested
	}
	current, inFlight := r.keys, r.inFlight
	r.mu.Unlock()
	if current == keys && inFlight != nil {
		select {
		case <-inFlight:
		case <-time.After(maxRefreshWait):
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

// KeySetStatus is the state of a key set, for operators.
type KeySetStatus struct {
	Issuer string
	URL    string // without the query; empty: not discovered yet
	Keys   int
	// Age is the time since the last successful fetch; negative: there was none.
	Age time.Duration
	// Problem is the error of the last fetch.
	Problem error
}

// Status returns the state of the key set.
func (r *RemoteKeySet) Status() KeySetStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := KeySetStatus{Issuer: r.source.Issuer, URL: r.url, Keys: r.keys.Len(), Age: -1, Problem: r.fetchErr}
	if r.keys != nil {
		s.Age = time.Since(r.fetchedAt)
	}
	return s
}

// run fetches until ctx ends.
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
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		case <-r.refreshRequests:
		}
	}
}

// fetchAndStore fetches once, and returns the time until the next fetch.
func (r *RemoteKeySet) fetchAndStore(ctx context.Context) (next time.Duration, err error) {
	r.mu.Lock()
	if r.inFlight == nil {
		r.inFlight = make(chan struct{})
	}
	current := r.raw
	r.mu.Unlock()
	resp, keys, problems, err := r.fetch(ctx, current)

	r.mu.Lock()
	defer r.mu.Unlock()
	outage := r.fetchErr != nil
	r.attemptedAt, r.fetchErr = time.Now(), err
	close(r.inFlight)
	r.inFlight = nil
	select {
	case <-r.refreshRequests: // this fetch has answered it
	default:
	}
	switch {
	case ctx.Err() != nil:
		return 0, err
	case err != nil:
		if !outage {
			r.log.Warn("the issuer's keys cannot be fetched; the gateway keeps the last ones", "known", r.keys.Len(), "reason", err)
		}
		return 0, err
	}
	if outage {
		r.log.Info("the issuer's keys can be fetched again")
	}
	r.fetchedAt, r.url = r.attemptedAt, redactURL(resp.url)
	if keys != nil {
		r.keys, r.raw = keys, resp.body
		r.log.Debug("the issuer has new keys", "keys", keys.Len())
		if len(problems) > 0 {
			r.log.Warn("skipped invalid keys of the issuer", "url", r.url, "left_out", len(problems), "reason", problems[0])
		}
	}
	next = r.source.Refresh
	if resp.maxAge >= 0 {
		next = min(next, max(resp.maxAge, minRefresh))
	}
	return next, nil
}

// fetch returns nil keys when the text of the key set equals current.
func (r *RemoteKeySet) fetch(ctx context.Context, current []byte) (*response, *Keys, []error, error) {
	transport, err := r.transport()
	if err != nil {
		return nil, nil, nil, err
	}
	resp, err := r.source.fetch(ctx, transport)
	if err != nil || current != nil && bytes.Equal(resp.body, current) {
		return resp, nil, nil, err
	}
	keys, problems, err := ParseKeySet(resp.body)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", redactURL(resp.url), err)
	}
	return resp, keys, problems, nil
}
