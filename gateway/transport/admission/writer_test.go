package admission

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/memory"
)

// admitted admits every request to a handler, with a write timeout.
func admitted(budget *memory.Budget, timeout time.Duration, handler http.HandlerFunc) http.Handler {
	never := func(*http.Request) bool { return false }
	a := &Control{
		Memory:    budget,
		Refusals:  new(Refusals),
		Timeouts:  func() (read, write time.Duration) { return time.Minute, timeout },
		IsSurplus: never,
		IsProbe:   never,
	}
	return a.Admit(handler)
}

// recorder records the deadline of each write.
type recorder struct {
	httptest.ResponseRecorder
	deadline time.Time
	writes   []write
}

type write struct {
	size int
	left time.Duration // until the deadline
}

func (r *recorder) SetWriteDeadline(t time.Time) error {
	r.deadline = t
	return nil
}

func (r *recorder) Write(b []byte) (int, error) {
	r.writes = append(r.writes, write{len(b), time.Until(r.deadline)})
	return r.ResponseRecorder.Write(b)
}

// A client that reads slowly gets all of a large answer: each step has the whole write
// timeout.
func TestEveryStepOfAnAnswerHasItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := bytes.Repeat([]byte("x"), 2*Step+1)
		r := &recorder{ResponseRecorder: *httptest.NewRecorder()}
		admitted(memory.NewBudget(1<<20), time.Minute, func(w http.ResponseWriter, _ *http.Request) {
			response.Write(w, http.StatusOK, response.JSONType, answer)
		}).ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/", nil))

		if !bytes.Equal(r.Body.Bytes(), answer) {
			t.Errorf("the answer has %d bytes of %d", r.Body.Len(), len(answer))
		}
		if len(r.writes) != 3 {
			t.Errorf("writes are %v, want three", r.writes)
		}
		for _, w := range r.writes {
			if w.size > Step || w.left != time.Minute {
				t.Errorf("a write of %d bytes had %v", w.size, w.left)
			}
		}
	})
}

// interruptedRecorder has another request take the memory of its own, at the first moment at
// which the budget allows it.
type interruptedRecorder struct {
	recorder
	budget *memory.Budget
	taken  bool
}

func (r *interruptedRecorder) interrupt() {
	time.Sleep(time.Second) // the rate of a silent client falls meanwhile
	r.taken = r.taken || r.budget.Reserve(int(r.budget.Limit()))
}

func (r *interruptedRecorder) SetWriteDeadline(t time.Time) error {
	if t.After(time.Now()) {
		r.interrupt()
	}
	return r.recorder.SetWriteDeadline(t)
}

func (r *interruptedRecorder) Write(b []byte) (int, error) {
	r.interrupt()
	return r.recorder.Write(b)
}

// The write of a request that has lost its memory fails at once, also if that happens before
// the write begins.
func TestInterruptedWriteHasNoTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := memory.NewBudget(64 << 10)
		r := &interruptedRecorder{recorder: recorder{ResponseRecorder: *httptest.NewRecorder()}, budget: budget}
		admitted(budget, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, Step))
		}).ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/", nil))
		if !r.taken || len(r.writes) != 1 || r.writes[0].left > 0 {
			t.Errorf("memory taken: %v, writes with the time left: %v", r.taken, r.writes)
		}
	})
}

// serve serves HTTP/2 over a pipe until the end of a bubble of synctest, in which no time passes
// while anything runs. It returns a client whose streams have a window of this size, by default
// that of net/http.
func serve(t *testing.T, handler http.Handler, window int) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	pipes := make(pipes)
	server := &http.Server{Handler: handler, Protocols: protocols}
	served := make(chan error)
	go func() { served <- server.Serve(pipes) }()
	transport := &http.Transport{Protocols: protocols, DialContext: pipes.dial, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: window}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
	})
	return &http.Client{Transport: transport}
}

// pipes are the listener of a server, and what its clients dial.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, isOpen := <-p; isOpen {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error {
	close(p)
	return nil
}

func (p pipes) Addr() net.Addr { return new(net.TCPAddr) }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p <- theirs
	return ours, nil
}

// A handler of HTTP/2 may be silent between two writes for longer than the write timeout.
// What it flushes arrives at once.
func TestNoDeadlineBetweenWrites(t *testing.T) {
	const timeout = 50 * time.Millisecond
	first, second := bytes.Repeat([]byte("a"), 3*Buffered), []byte("b")
	for name, flush := range map[string]func(http.ResponseWriter) error{
		"with a flush":    func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"without a flush": func(http.ResponseWriter) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				written, arrived := make(chan error, 2), make(chan struct{})
				client := serve(t, admitted(memory.NewBudget(1<<20), timeout, func(w http.ResponseWriter, _ *http.Request) {
					_, err := w.Write(first)
					if err == nil {
						err = flush(w)
					}
					written <- err
					<-arrived
					time.Sleep(4 * timeout)
					_, err = w.Write(second)
					written <- err
				}), 0)
				resp, err := client.Get("http://pipe")
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body := resp.Body.(io.Reader)
				if name == "with a flush" { // else net/http holds the end of the first write
					start := make([]byte, len(first))
					if _, err := io.ReadFull(resp.Body, start); err != nil || !bytes.Equal(start, first) {
						t.Errorf("the first write did not arrive before the second: %v", err)
					}
					body = io.MultiReader(bytes.NewReader(start), resp.Body)
				}
				close(arrived)
				all, err := io.ReadAll(body)
				if want := slices.Concat(first, second); err != nil || !bytes.Equal(all, want) {
					t.Errorf("%d bytes of %d arrived, %v", len(all), len(want), err)
				}
				for range cap(written) {
					if err := <-written; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// A write to a client that does not read fails after the write timeout.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 50 * time.Millisecond
		written := make(chan error, 1)
		client := serve(t, admitted(memory.NewBudget(64<<20), timeout, func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(make([]byte, 16<<20))
			written <- err
		}), 1<<16)
		began := time.Now()
		resp, err := client.Get("http://pipe")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := <-written; err == nil || time.Since(began) != timeout {
			t.Errorf("the write ended after %v: %v", time.Since(began), err)
		}
	})
}
