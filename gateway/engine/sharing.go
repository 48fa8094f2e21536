package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
)

// Sharing answers equal queries of one application that are in flight at the same time with
// one call. Nil shares nothing.
type Sharing struct {
	mode   string
	memory *memory.Budget
	counts *SharingCounts

	mu    sync.Mutex
	calls map[callKey]*sharedCall // those that callers may join
}

// SharingCounts count the queries that joined the call of another one, by mode. They may go
// on in another Sharing.
type SharingCounts struct {
	On     atomic.Uint64
	DryRun atomic.Uint64 // these ran as calls of their own
}

// NewSharing returns a Sharing; nil: cfg has it off. Shared calls take their memory from
// budget.
func NewSharing(cfg Config, budget *memory.Budget, counts *SharingCounts) *Sharing {
	if cfg.Share == shareOff {
		return nil
	}
	return &Sharing{mode: cfg.Share, memory: budget, counts: counts, calls: make(map[callKey]*sharedCall)}
}

// A sharedCall is one call for several queries. It ends with its answer, or when its last
// caller has left.
type sharedCall struct {
	key     callKey
	began   time.Time
	run     run // its own: the first caller may leave before the others
	result  operation.Result
	account *memory.Account
	abandon context.CancelCauseFunc
	done    chan struct{} // closed when run, result and err are final
	err     error
	place   place

	// The mu of Sharing guards the following fields.
	callers  int
	answered int
	ended    bool
}

// share answers a query with the call of an equal one, or with a call that others may join.
// Each caller waits until its own deadline.
func (r *run) share(ctx context.Context) error {
	s := r.Sharing
	call, first := s.join(r.callKey(), r.Config.Timeout)
	if s.mode == shareDryRun {
		if first {
			defer s.end(call)
		}
		return r.callUpstream(ctx)
	}
	if first {
		s.start(call, r)
	}
	r.result.Shared = !first
	r.result.Enter(operation.StageNode)
	select {
	case <-call.done:
		defer s.leave(call, nil)
		return s.deliver(call, r)
	case <-ctx.Done():
		s.leave(call, context.Cause(ctx))
		node, err := call.place.describe(context.Cause(ctx))
		r.result.Node = node
		return err
	}
}

// A callKey is the hash of all that decides the answer to a query of an application.
type callKey [sha256.Size]byte

func (r *run) callKey() (key callKey) {
	h := sha256.New()
	h.Write(r.document.Hash[:])
	for _, part := range [][]byte{[]byte(r.call.OperationName), r.call.Variables, r.call.Context, []byte(r.call.ContextKey), r.call.Request} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	h.Sum(key[:0])
	return key
}

// join returns the call with a key. The first caller has to start it. A call takes callers
// for as long as the application's timeout, so that one that hangs ends.
func (s *Sharing) join(key callKey, timeout time.Duration) (call *sharedCall, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call = s.calls[key]
	if call == nil || time.Since(call.began) >= timeout {
		call = &sharedCall{key: key, began: time.Now(), done: make(chan struct{}), callers: 1}
		s.calls[key] = call
		return call, true
	}
	call.callers++
	if s.mode == shareDryRun {
		s.counts.DryRun.Add(1)
	} else {
		s.counts.On.Add(1)
	}
	return call, false
}

// start starts a call, with copies of what its first caller does not leave behind.
func (s *Sharing) start(call *sharedCall, first *run) {
	call.account = s.memory.Open()
	call.result.JSON.Open(call.account)
	var ctx context.Context
	ctx, call.abandon = context.WithCancelCause(context.Background())
	if !call.account.Reserve(len(first.call.Variables) + len(first.call.Context)) {
		call.err = operation.Overloaded
		s.end(call)
		return
	}
	r := &call.run
	*r = run{Engine: first.Engine, result: &call.result, operation: first.operation, call: first.call}
	r.call.shared = call
	r.call.Variables, r.call.Context = bytes.Clone(r.call.Variables), bytes.Clone(r.call.Context)
	go func() {
		defer s.end(call)
		defer func() {
			if p := recover(); p != nil {
				call.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		call.err = r.callUpstream(ctx)
	}()
}

// end ends a call. Its callers may take the answer, and no further ones may join.
func (s *Sharing) end(call *sharedCall) {
	s.mu.Lock()
	s.remove(call)
	call.ended = true
	callers := call.callers
	s.mu.Unlock()
	close(call.done)
	if callers == 0 {
		call.account.Close()
	}
}

// remove takes a call from those that callers may join.
func (s *Sharing) remove(call *sharedCall) {
	if s.calls[call.key] == call {
		delete(s.calls, call.key)
	}
}

// deliver gives a caller the answer of a call that has ended.
func (s *Sharing) deliver(call *sharedCall, r *run) error {
	from, to := &call.result, r.result
	to.Enter(operation.StageTranscode)
	to.Code, to.Node, to.HasData, to.Outcome = from.Code, from.Node, from.HasData, from.Outcome
	to.Prepared = from.Prepared
	r.masked = call.run.masked
	if call.err != nil {
		return call.err
	}
	switch answer := from.JSON.Bytes; {
	case s.isOnly(call):
		to.JSON.Take(&from.JSON)
	case len(answer) <= cap(to.JSON.Bytes):
		to.JSON.Bytes = append(to.JSON.Bytes[:0], answer...)
	case !to.JSON.Share(answer):
		return NoMemory(errNoMemory, true)
	}
	return nil
}

// isOnly reports whether a call that has ended has answered one caller alone.
func (s *Sharing) isOnly(call *sharedCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.answered++
	return call.callers == 1 && call.answered == 1
}

// leave takes a caller from a call. The last one ends a call that has not ended, for the
// cause of its own end.
func (s *Sharing) leave(call *sharedCall, cause error) {
	s.mu.Lock()
	call.callers--
	last, ended := call.callers == 0, call.ended
	if last && !ended {
		s.remove(call)
	}
	s.mu.Unlock()
	if last {
		call.abandon(cause)
	}
	if last && ended {
		call.account.Close()
	}
}

// separate keeps later queries from joining the calls in flight: a client reads what its
// mutation wrote.
func (s *Sharing) separate() {
	s.mu.Lock()
	s.calls = make(map[callKey]*sharedCall)
	s.mu.Unlock()
}

// SharingStatus is the section sharing of GET /status.
type SharingStatus struct {
	Mode   string `json:"mode"`
	On     uint64 `json:"on"`
	DryRun uint64 `json:"dry_run"`
}

// Status returns mode and counts; nil: nothing is shared.
func (s *Sharing) Status() *SharingStatus {
	if s == nil {
		return nil
	}
	return &SharingStatus{Mode: s.mode, On: s.counts.On.Load(), DryRun: s.counts.DryRun.Load()}
}
