package jwt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server is an issuer in memory, for tests with fake time.
type server struct {
	mu      sync.Mutex
	body    string
	header  http.Header
	status  int           // 0: 200
	takes   time.Duration // to answer
	down    bool
	fetches int
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.fetches++
	down, takes := s.down, s.takes
	resp := &http.Response{StatusCode: max(s.status, 200), Header: s.header, Body: io.NopCloser(strings.NewReader(s.body)), Request: r}
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if down {
		return nil, errors.New("connection refused")
	}
	return resp, nil
}

func (s *server) set(change func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// fetching runs a test with a remote key set in a bubble of testing/synctest.
func fetching(t *testing.T, s *server, test func(*testing.T, *RemoteKeySet, *bytes.Buffer)) {
	t.Helper()
	s.set(func(s *server) {
		if s.body == "" {
			s.body = keySet(t, map[string]any{"first": &p256.PublicKey})
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		source := KeySetSource{Issuer: "https://id.example.com/", URL: "https://id.example.com/keys?key=hunter2", Refresh: 10 * time.Minute}
		r := newRemoteKeySet(source, func() (http.RoundTripper, error) { return s, nil }, slog.New(slog.NewTextHandler(&log, nil)))
		synctest.Wait()
		test(t, r, &log)
		r.Close()
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("the query is logged:\n%s", &log)
		}
	})
}

// pass advances the fake time, and runs what is due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// refresh calls Refresh, and returns the time that it took.
func refresh(t *testing.T, r *RemoteKeySet) (*Keys, time.Duration, error) {
	t.Helper()
	began := time.Now()
	keys, err := r.Refresh(t.Context(), r.Keys())
	return keys, time.Since(began), err
}

func TestRefresh(t *testing.T) {
	for name, tt := range map[string]struct {
		caching string
		every   time.Duration
	}{
		"unless the answer says":   {"", 10 * time.Minute},
		"sooner":                   {"public, max-age=120", 2 * time.Minute},
		"not much sooner":          {"max-age=0", time.Minute},
		"not later":                {"max-age=86400", 10 * time.Minute},
		"not by what is no number": {"max-age=x", 10 * time.Minute},
		"nor by a negative one":    {"max-age=-1", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{header: http.Header{"Cache-Control": {tt.caching}}}
			fetching(t, s, func(t *testing.T, r *RemoteKeySet, _ *bytes.Buffer) {
				first := r.Keys()
				pass(tt.every - time.Second)
				if s.count() != 1 || first.Len() != 1 {
					t.Fatalf("%d fetches", s.count())
				}
				pass(2 * time.Second)
				if s.count() != 2 {
					t.Fatalf("%d fetches", s.count())
				}
				if r.Keys() != first {
					t.Error("the same keys are others, so that tokens are verified again")
				}
				s.set(func(s *server) { s.body = keySet(t, map[string]any{"second": &p384.PublicKey}) })
				pass(tt.every)
				if _, named := r.Keys().candidates("ES256", "first"); named {
					t.Error("a key that was removed is still there")
				}
				if _, named := r.Keys().candidates("ES384", "second"); !named {
					t.Error("a new key is not there")
				}
			})
		})
	}
}

// Any number of tokens with unknown keys cause one fetch in ten seconds.
func TestUnknownKeys(t *testing.T) {
	s := &server{}
	fetching(t, s, func(t *testing.T, r *RemoteKeySet, _ *bytes.Buffer) {
		keys, took, err := refresh(t, r)
		if keys != r.Keys() || took != 0 || err != nil || s.count() != 1 {
			t.Errorf("just after a fetch: %v after %s, %d fetches", err, took, s.count())
		}
		pass(refreshCooldown)
		s.set(func(s *server) {
			s.takes = time.Second
			s.body = keySet(t, map[string]any{"first": &p256.PublicKey, "second": &p384.PublicKey})
		})
		old := r.Keys()
		var waiters sync.WaitGroup
		for range 100 {
			waiters.Go(func() {
				began := time.Now()
				keys, err := r.Refresh(t.Context(), old)
				if took := time.Since(began); keys == old || keys.Len() != 2 || took != time.Second || err != nil {
					t.Errorf("%d keys after %s, %v", keys.Len(), took, err)
				}
			})
		}
		waiters.Wait()
		if s.count() != 2 {
			t.Errorf("%d fetches", s.count())
		}
		if keys, took, err := refresh(t, r); keys != r.Keys() || took != 0 || err != nil {
			t.Errorf("after that: %v after %s", err, took)
		}
		if keys, err := r.Refresh(t.Context(), old); keys != r.Keys() || err != nil {
			t.Error("a late call does not get the fetched keys", err)
		}
		for range 1000 {
			r.Refresh(t.Context(), r.Keys())
			pass(100 * time.Millisecond)
		}
		if n := s.count() - 2; n < 8 || n > 10 {
			t.Errorf("%d fetches in 100 s of a flood", n)
		}
	})
}

func TestMaxRefreshWait(t *testing.T) {
	s := &server{takes: time.Hour}
	fetching(t, s, func(t *testing.T, r *RemoteKeySet, _ *bytes.Buffer) {
		keys, took, err := refresh(t, r)
		if keys != nil || took != maxRefreshWait || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v after %s", err, took)
		}
		gone, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("the client left"))
		defer cancel()
		if _, err := r.Refresh(gone, nil); err == nil || err.Error() != "the client left" {
			t.Error(err)
		}
		pass(fetchTimeout) // the fetch times out
		if _, took, err := refresh(t, r); took > maxRefreshWait || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v after %s", err, took)
		}
		s.set(func(s *server) { s.takes = 0 })
		pass(time.Minute)
		if keys, took, err := refresh(t, r); keys.Len() != 1 || took != 0 || err != nil {
			t.Errorf("%d keys after %s, %v", keys.Len(), took, err)
		}
	})
}

func TestOutage(t *testing.T) {
	s := &server{}
	fetching(t, s, func(t *testing.T, r *RemoteKeySet, log *bytes.Buffer) {
		good := r.Keys()
		for _, breaks := range []func(*server){
			func(s *server) { s.down = true },
			func(s *server) { s.status = 500 },
			func(s *server) { s.body = "<html>" },
			func(s *server) { s.body = `{"keys":[` + strings.Repeat(" ", maxBody) + `]}` },
			func(s *server) { s.body = `{"keys":[{"kty":"RSA"}]}` },
		} {
			log.Reset()
			body := s.body
			s.set(breaks)
			pass(2 * time.Hour)
			if r.Keys() != good {
				t.Error("the keys are lost")
			}
			if strings.Count(log.String(), "level=WARN") != 1 {
				t.Errorf("in two hours of an outage:\n%s", log)
			}
			if status := r.Status(); status.Problem == nil || status.Age < 110*time.Minute || status.Keys != 1 || strings.Contains(status.URL+status.Problem.Error(), "hunter2") {
				t.Errorf("%+v", status)
			}
			if _, _, err := refresh(t, r); !errors.Is(err, ErrUnavailable) {
				t.Errorf("a token with a new key: %v", err)
			}
			s.set(func(s *server) { s.down, s.status, s.body = false, 0, body })
			pass(maxBackoff)
			if r.Keys() != good || strings.Count(log.String(), "level=INFO") != 1 || r.Status().Problem != nil {
				t.Errorf("afterwards: %+v\n%s", r.Status(), log)
			}
		}
	})
}

func TestBackoff(t *testing.T) {
	s := &server{down: true}
	fetching(t, s, func(t *testing.T, r *RemoteKeySet, _ *bytes.Buffer) {
		if _, took, err := refresh(t, r); took != 0 || !errors.Is(err, ErrUnavailable) || r.Keys() != nil || r.Status().Age >= 0 {
			t.Errorf("%v after %s", err, took)
		}
		pass(time.Hour)
		if n := s.count(); n < 55 || n > 70 {
			t.Errorf("%d fetches in an hour", n)
		}
	})
}

func TestRetain(t *testing.T) {
	s := &server{}
	fetching(t, s, func(t *testing.T, r *RemoteKeySet, _ *bytes.Buffer) {
		if other := (KeySetSource{Issuer: "https://other.example.com/", URL: r.source.URL, Refresh: r.source.Refresh}); r.Retain(other) {
			t.Error("the keys of another issuer")
		}
		if !r.Retain(r.source) {
			t.Fatal("not held")
		}
		r.Close()
		before := s.count()
		pass(time.Hour)
		if s.count() == before {
			t.Error("the key set stopped while it had a reference")
		}
		r.Retain(r.source)
		r.Close()
		r.Close()
		before = s.count()
		pass(time.Hour)
		if s.count() != before {
			t.Error("the key set still runs after the last Close")
		}
		r.references = 1 // so that the Close of the test is the last
	})
}
