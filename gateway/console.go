package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/stats"
)

// sampleInterval is the time between two samples of the console.
const sampleInterval = time.Second

// sample is one event of the console.
type sample struct {
	status
	Requests map[string]stats.Counts `json:"requests"` // by path
	stats.Summaries
}

// sample returns the current state as JSON.
func (g *Gateway) sample() []byte {
	s := sample{status: g.status(), Requests: make(map[string]stats.Counts), Summaries: g.engines.Stats.Summaries()}
	for _, app := range s.Apps {
		s.Requests[app.Path] = g.engines.Stats.Requests(app.Path)
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return text
}

// A broadcast sends samples to its listeners. It takes samples only while there are some.
type broadcast struct {
	take    func() []byte
	refresh func(context.Context) // asks the nodes for figures, which may take some time

	mu        sync.Mutex
	listeners map[chan []byte]struct{}
	stop      context.CancelFunc // of the sampler
	closed    chan struct{}
	close     func()
}

func newBroadcast(take func() []byte, refresh func(context.Context)) *broadcast {
	b := &broadcast{take: take, refresh: refresh, listeners: make(map[chan []byte]struct{}), closed: make(chan struct{})}
	b.close = sync.OnceFunc(func() { close(b.closed) })
	return b
}

// serve sends samples as server-sent events until the client leaves or the server stops.
func (b *broadcast) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	samples := b.add()
	defer b.remove(samples)
	flusher := http.NewResponseController(w)
	for {
		select {
		case text := <-samples:
			_, err := w.Write(append(append([]byte("data: "), text...), "\n\n"...))
			if err != nil || flusher.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-b.closed:
			return
		}
	}
}

// add adds a listener, which gets a sample at once.
func (b *broadcast) add() chan []byte {
	samples := make(chan []byte, 1)
	samples <- b.take()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners[samples] = struct{}{}
	if len(b.listeners) == 1 {
		var ctx context.Context
		ctx, b.stop = context.WithCancel(context.Background())
		go b.run(ctx)
	}
	return samples
}

// remove ends the sampler with the last listener.
func (b *broadcast) remove(samples chan []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if delete(b.listeners, samples); len(b.listeners) == 0 {
		b.stop()
	}
}

// run takes a sample for all listeners at every interval. A listener that has not read the
// last one misses this one.
func (b *broadcast) run(ctx context.Context) {
	var refreshing sync.Mutex
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if refreshing.TryLock() {
			go func() {
				defer refreshing.Unlock()
				b.refresh(ctx)
			}()
		}
		text := b.take()
		b.mu.Lock()
		for samples := range b.listeners {
			select {
			case samples <- text:
			default:
			}
		}
		b.mu.Unlock()
	}
}
