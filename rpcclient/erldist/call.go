package erldist

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Spawn is a process to spawn on the peer: Module:Function(Args...).
type Spawn struct {
	Module, Function string
	// Args is an encoded proper list of Arity terms, without version byte. Its atoms
	// are never freed on the peer.
	Args  []byte
	Arity int
	// GroupLeader is the process that receives the output of the new one. It should be
	// a process of the peer: a leader on this side never answers, and output blocks.
	// The zero Pid stands for this side.
	GroupLeader etf.Pid
	// MinHeapSize is the heap that the process begins with and keeps, in words. Zero stands
	// for the peer's default, usually 233.
	MinHeapSize int
	Watch       Watch
}

// A LostError says that the connection ended before the call did.
type LostError struct {
	Node string
	// Sent is false if no byte of the call was written: the peer did not run it.
	Sent bool
	Err  error
}

func (e *LostError) Error() string {
	what := "before the call was written"
	if e.Sent {
		what = "while the call ran; its outcome is unknown"
	}
	return fmt.Sprintf("connection to %s was lost %s: %v", e.Node, what, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// A RefusedError says that the peer did not spawn the process. Reason is the peer's
// atom: notsup, system_limit, badarg and others of spawn_request/5.
type RefusedError struct {
	Node   string
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s did not spawn a process: %s", e.Node, e.Reason)
}

// A TooLargeError says that the answer exceeds [Options.MaxMessage], or
// [Options.MaxReassembly] together with others. The call has ended; the connection
// goes on.
type TooLargeError struct {
	Node string
	Max  int // bytes
	// Total is true if Max is MaxReassembly, which bounds all answers together.
	Total bool
}

func (e *TooLargeError) Error() string {
	if e.Total {
		return fmt.Sprintf("answers arriving from %s at once are larger than %d bytes together", e.Node, e.Max)
	}
	return fmt.Sprintf("answer of %s is larger than %d bytes", e.Node, e.Max)
}

// A NoMemoryError says that [Options.Memory] had no space for the answer. The call has
// ended; the connection goes on.
type NoMemoryError struct {
	Node string
}

func (e *NoMemoryError) Error() string {
	return fmt.Sprintf("no memory is left for the answer of %s", e.Node)
}

// call is a spawned process whose exit signal has not arrived.
type call struct {
	// exit has capacity 1. The goroutine that removes the call from Conn.calls sends
	// to it without blocking, and no other does: a call ends exactly once.
	exit     chan *Payload
	position uint64  // in the outbox
	pid      etf.Pid // of the spawned process, set by SPAWN_REPLY
	// abandoned: the caller has left; the process is killed once its pid is known.
	abandoned bool

	subject             Subject
	began, due, lastDue time.Duration // since the connection was made
	note                string
}

// resolve ends the call. An abandoned call has no caller.
func (p *call) resolve(exit *Payload) {
	if p.abandoned {
		exit.Release()
	} else {
		p.exit <- exit
	}
}

// lost is the Payload of a call that ends with the connection.
func (c *Conn) lost(p *call, reason error) *Payload {
	return &Payload{lost: &LostError{Node: c.peer.Name, Sent: c.out.sent(p.position), Err: reason}}
}

// Spawn spawns a process on the peer, monitors it, and waits for its exit signal
// (SPAWN_REQUEST and PAYLOAD_MONITOR_P_EXIT of the protocol). The exit reason of a
// process that returns from its function is normal.
//
// The end of ctx kills the process and everything linked to it. Errors are the cause
// of ctx, [*AnnotatedError], [*LostError], [*RefusedError], [*TooLargeError] and [*NoMemoryError].
func (c *Conn) Spawn(ctx context.Context, s Spawn) (*Payload, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := &call{exit: make(chan *Payload, 1)}
	c.setWatch(ctx, p, s.Watch)
	n, err := c.begin(ctx, p, s)
	if err != nil {
		return nil, err
	}
	select {
	case exit := <-p.exit:
		if exit.lost != nil {
			return nil, exit.lost
		}
		return exit, nil
	case <-ctx.Done():
		if !c.abandon(n, p) { // it has just ended
			(<-p.exit).Release()
		}
		if p.note != "" {
			return nil, &AnnotatedError{p.note, context.Cause(ctx)}
		}
		return nil, context.Cause(ctx)
	}
}

// begin registers the call and queues its SPAWN_REQUEST.
func (c *Conn) begin(ctx context.Context, p *call, s Spawn) (n uint64, err error) {
	// Registered inside put, the call exists before its answer can come, and has its
	// position before the connection can end.
	err = c.out.put(ctx, func(b []byte) []byte {
		if n = c.register(p); n == 0 {
			return b
		}
		c.control = appendSpawnRequest(c.control[:0], c.ref(n), c.self, s)
		return c.sent.appendFrame(b, c.control, s.Args)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, err
	case err != nil || n == 0:
		return 0, &LostError{Node: c.peer.Name, Err: cmp.Or(c.Err(), ErrClosed)}
	}
	return n, nil
}

// register numbers the call. The number is 0 if the connection has ended or is
// closing.
func (c *Conn) register(p *call) (n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil || c.idle != nil {
		return 0
	}
	c.nextRef++
	p.position = c.out.queued
	c.calls[c.nextRef] = p
	c.expect(p)
	return c.nextRef
}

// abandon abandons call n at the end of its ctx and kills its process. It returns
// false if the call has been resolved: its Payload is in the channel, or about to be.
func (c *Conn) abandon(n uint64, p *call) bool {
	c.mu.Lock()
	pid := c.markAbandoned(n, p)
	abandoned := p.abandoned
	c.mu.Unlock()
	c.kill(n, pid)
	return abandoned
}

// markAbandoned marks a call as abandoned and returns the process to kill. That is
// zero if the call has ended, was abandoned before, or has no known process yet:
// SPAWN_REPLY then kills it. The caller holds c.mu.
func (c *Conn) markAbandoned(n uint64, p *call) (pid etf.Pid) {
	if c.calls[n] != p || p.abandoned {
		return etf.Pid{}
	}
	p.abandoned = true
	c.sweepDue.Store(true)
	return p.pid
}

// abandonAll abandons every call and waits until each process is known and has been
// sent the kill signal.
func (c *Conn) abandonAll(ctx context.Context) {
	c.mu.Lock()
	if c.calls == nil || c.idle != nil {
		c.mu.Unlock()
		return
	}
	idle := make(chan struct{})
	c.idle = idle
	calls := maps.Clone(c.calls)
	c.mu.Unlock()
	for n, p := range calls {
		// The writer still writes what is queued.
		lost := &Payload{lost: &LostError{Node: c.peer.Name, Sent: true, Err: ErrClosed}}
		c.mu.Lock()
		if c.calls[n] == p {
			p.resolve(lost)
		}
		pid := c.markAbandoned(n, p)
		c.mu.Unlock()
		c.kill(n, pid)
	}
	c.mu.Lock()
	c.remove(0) // in case there were no calls
	c.mu.Unlock()
	select {
	case <-idle:
	case <-c.done:
	case <-ctx.Done():
	}
}

// remove deletes call n and signals Close if it was the last. The caller holds c.mu.
func (c *Conn) remove(n uint64) {
	delete(c.calls, n)
	if len(c.calls) == 0 && c.idle != nil {
		select {
		case <-c.idle:
		default:
			close(c.idle)
		}
	}
}

// kill kills the process of call n, if any, and demonitors it. The call ends after
// that: Close waits until the signals are queued.
func (c *Conn) kill(n uint64, pid etf.Pid) {
	if pid == (etf.Pid{}) {
		return
	}
	c.signal(func(b []byte) []byte { return appendDemonitor(b, c.self, pid, c.ref(n)) })
	c.signal(func(b []byte) []byte { return appendKill(b, c.self, pid) })
	c.mu.Lock()
	c.remove(n)
	c.mu.Unlock()
}

// ref is the reference of call n on the wire. Its first word has 18 bits, as before
// DFLAG_V4_NC.
func (c *Conn) ref(n uint64) etf.Ref {
	return etf.Ref{
		Node:     c.local.Name,
		Creation: c.local.Creation,
		Len:      3,
		IDs:      [5]uint32{uint32(n & (1<<18 - 1)), uint32(n >> 18), uint32(n >> 50)},
	}
}

// number is the inverse of ref. 0 is no call.
func (c *Conn) number(r etf.Ref) uint64 {
	if r.Len != 3 || r.Creation != c.local.Creation || r.Node != c.local.Name {
		return 0
	}
	return uint64(r.IDs[0]) | uint64(r.IDs[1])<<18 | uint64(r.IDs[2])<<50
}
