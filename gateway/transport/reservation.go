package transport

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
)

// Reservations are the streams of the "single connection mode" of the GraphQL over
// Server-Sent Events protocol: a client reserves a stream (PUT), opens it (GET), and has it
// carry the results of operations that it sends in other requests (POST) and may end
// (DELETE). They belong to an application.
type Reservations struct {
	mu      sync.Mutex
	byToken map[string]*reservation
}

// NewReservations returns Reservations without any.
func NewReservations() *Reservations {
	return &Reservations{byToken: make(map[string]*reservation)}
}

const (
	// reservationTime is how long a reserved stream may stay closed.
	reservationTime = time.Minute
	// maxReservations bounds the reserved streams, open or not.
	maxReservations = 20000
)

// A reservation is a reserved stream, and the source of the open one.
type reservation struct {
	all      *Reservations
	token    string
	identity string // of the client
	leave    func() // see [engine.Engine.Attend]
	expiry   *time.Timer

	life      context.Context // of the operations
	end       context.CancelCauseFunc
	opened    chan struct{} // closed when the following fields are set
	emit      engine.Emitter
	interrupt func() // a write

	// The mu of all guards the following fields.
	claimed    bool // a request opens it
	operations map[string]context.CancelFunc
}

// reserve returns a new reservation of a caller; nil: there are too many.
func (all *Reservations) reserve(e *engine.Engine, caller *engine.Caller) *reservation {
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.byToken) >= maxReservations {
		return nil
	}
	r := &reservation{
		all: all, token: rand.Text(), identity: caller.Identity(),
		opened: make(chan struct{}), operations: make(map[string]context.CancelFunc),
	}
	r.life, r.end = context.WithCancelCause(context.Background())
	r.expiry = time.AfterFunc(reservationTime, func() { r.abandon(context.DeadlineExceeded) })
	r.leave = e.Attend(caller, r.abandon)
	all.byToken[r.token] = r
	return r
}

// claim returns the reservation with a token for the one request that opens it.
func (all *Reservations) claim(token string) (*reservation, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	r := all.byToken[token]
	switch {
	case r == nil:
		return nil, errNoStream
	case r.claimed:
		return nil, errStreamOpen
	}
	r.claimed = true
	r.expiry.Stop()
	return r, nil
}

// find returns the open stream of a caller.
func (all *Reservations) find(token string, caller *engine.Caller) (*reservation, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	r := all.byToken[token]
	if r == nil || !r.claimed || r.identity != caller.Identity() {
		return nil, errNoStream
	}
	return r, nil
}

// abandon ends the stream, or the reservation that no request has opened.
func (r *reservation) abandon(why error) {
	r.end(why)
	r.all.mu.Lock()
	claimed := r.claimed
	r.all.mu.Unlock()
	if !claimed {
		r.Close()
	}
}

// Forward emits the events of all operations until the client leaves or has to.
func (r *reservation) Forward(ctx context.Context, _ *operation.Result, emit engine.Emitter) error {
	r.emit = emit
	close(r.opened)
	select {
	case <-r.life.Done():
		return context.Cause(r.life)
	case <-ctx.Done():
		return engine.ErrClientLeft
	}
}

// Close ends the operations, and allows no others.
func (r *reservation) Close() {
	r.all.mu.Lock()
	delete(r.all.byToken, r.token)
	r.all.mu.Unlock()
	r.expiry.Stop()
	r.end(engine.ErrClientLeft)
	r.leave()
}

// begin begins an operation on the stream. Its context ends with the stream, or when the
// client ends the operation.
func (r *reservation) begin(id string) (context.Context, error) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if _, taken := r.operations[id]; taken {
		return nil, errOperationTaken
	}
	ctx, cancel := context.WithCancel(r.life)
	r.operations[id] = cancel
	return ctx, nil
}

// stop ends an operation, if there is one with this id.
func (r *reservation) stop(id string) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if cancel := r.operations[id]; cancel != nil {
		cancel()
		delete(r.operations, id)
	}
}

// send writes events to the stream, once it is open.
func (r *reservation) send(events []byte) error {
	select {
	case <-r.opened:
	case <-r.life.Done():
		return engine.ErrClientLeft
	}
	var result operation.Result
	result.JSON.Bytes = events
	return r.emit(&result)
}
