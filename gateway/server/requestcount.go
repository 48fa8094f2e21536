package server

import (
	"context"
	"net/http"
	"sync"
)

// A requestCount counts requests in flight.
type requestCount struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n is 0; nil: no call of wait
}

func (c *requestCount) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.add(1)
		defer c.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (c *requestCount) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n += n; c.n == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// wait waits until there is none, or ctx ends.
func (c *requestCount) wait(ctx context.Context) {
	c.mu.Lock()
	none := make(chan struct{})
	if c.n == 0 {
		close(none)
	} else {
		c.none = none
	}
	c.mu.Unlock()
	select {
	case <-none:
	case <-ctx.Done():
	}
}
