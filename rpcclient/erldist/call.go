package erldist

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Spawn is a process to be started on the peer: Module:Function(Args...).
type Spawn struct {
	Module, Function string
	// Args is an encoded proper list of Arity terms, without version byte. Its
	// atoms live for ever on the peer.
	Args  []byte
	Arity int
	// GroupLeader is the process that the spawned one prints and logs through.
	// It should be a process of the peer: with a leader on this side, output
	// waits for an answer that never comes. The zero Pid stands for this side.
	GroupLeader etf.Pid
}

// An Exit is how a spawned process ended.
type Exit struct {
	// Reason is the exit reason of the process. It may be used until Release.
	Reason etf.Term

	bytes []byte
	atoms []string
	lost  error // instead of a reason

	memory Memory
	held   int // bytes that are reserved
}

// keptExit is the largest buffer of an Exit that is kept for later ones, in bytes:
// that of an answer which came whole.
const keptExit = readBuffer

// Release gives back the memory of Reason. It has to be called once where
// [Options.Memory] is given.
func (e *Exit) Release() {
	if e.held > 0 {
		e.memory.Release(e.held)
	}
	if e.lost != nil || cap(e.bytes) > keptExit {
		return
	}
	*e = Exit{bytes: e.bytes[:0], atoms: e.atoms[:0]}
	exits.Put(e)
}

// A LostError says that the connection ended before the call did.
type LostError struct {
	Node string
	// Sent is false when no byte of the call was written, so that the call
	// certainly was not run.
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

// A RefusedError says that the peer did not start the process. Reason is the
// atom it gave: notsup, system_limit, badarg and others of spawn_request/5.
type RefusedError struct {
	Node   string
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s did not spawn a process: %s", e.Node, e.Reason)
}

// A TooLargeError says that the answer was longer than [Options.MaxMessage], or
// did not fit into [Options.MaxReassembly] beside others. The process is over, and
// the connection goes on.
type TooLargeError struct {
	Node string
	Max  int // bytes
	// Total is true when Max is MaxReassembly: it was the answers arriving at
	// once that were too large.
	Total bool
}

func (e *TooLargeError) Error() string {
	if e.Total {
		return fmt.Sprintf("answers arriving from %s at once are larger than %d bytes together", e.Node, e.Max)
	}
	return fmt.Sprintf("answer of %s is larger than %d bytes", e.Node, e.Max)
}

// A NoMemoryError says that [Options.Memory] had no room for the answer. The process
// is over, and the connection goes on.
type NoMemoryError struct {
	Node string
}

func (e *NoMemoryError) Error() string {
	return fmt.Sprintf("no memory is left for the answer of %s", e.Node)
}

// call is a spawn whose exit signal has not come yet.
type call struct {
	// exit has room for one, so that whoever removes the call from Conn.calls
	// can resolve it without waiting. Nobody else does: that is what makes a
	// call end exactly once.
	exit     chan *Exit
	position uint64  // in the outbox
	pid      etf.Pid // of the spawned process, once SPAWN_REPLY came
	// abandoned: nobody waits, the process is to be killed once its pid is known.
	abandoned bool
}

// resolve ends the call for its caller. A call that was abandoned has none.
func (p *call) resolve(e *Exit) {
	if p.abandoned {
		e.Release()
	} else {
		p.exit <- e
	}
}

// lost is how a call ends with the connection.
func (c *Conn) lost(p *call, reason error) *Exit {
	return &Exit{lost: &LostError{Node: c.peer.Name, Sent: c.out.sent(p.position), Err: reason}}
}

// Spawn starts a process on the peer, monitors it, and waits for its exit
// signal, whatever the reason: a process that returns from its function exits
// with normal. (SPAWN_REQUEST and PAYLOAD_MONITOR_P_EXIT of the protocol.)
//
// When ctx ends first, the process is killed, and what is linked to it dies with
// it. Errors are the cause of ctx, [*LostError], [*RefusedError],
// [*TooLargeError] and [*NoMemoryError].
func (c *Conn) Spawn(ctx context.Context, s Spawn) (*Exit, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := &call{exit: make(chan *Exit, 1)}
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
		return nil, context.Cause(ctx)
	}
}

// begin registers the call and queues its SPAWN_REQUEST.
func (c *Conn) begin(ctx context.Context, p *call, s Spawn) (n uint64, err error) {
	// The call is registered inside put, so that it is there before its answer
	// can come, and has its position before the connection can end.
	err = c.out.put(ctx, func(b []byte) []byte {
		if n = c.register(p); n == 0 {
			return b
		}
		start := len(b)
		b = appendSpawnRequest(beginFrame(b), c.ref(n), c.self, s)
		b = append(b, s.Args...)
		return endFrame(b, start)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, err
	case err != nil || n == 0:
		return 0, &LostError{Node: c.peer.Name, Err: cmp.Or(c.Err(), ErrClosed)}
	}
	return n, nil
}

// register gives the call that is being queued its number, which is 0 if the
// connection has ended or is about to.
func (c *Conn) register(p *call) (n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil || c.idle != nil {
		return 0
	}
	c.nextRef++
	p.position = c.out.queued
	c.calls[c.nextRef] = p
	return c.nextRef
}

// abandon gives up call n, whose ctx has ended, and has its process killed. It
// reports false if the call has been resolved: then its exit is in the channel, or
// about to be.
func (c *Conn) abandon(n uint64, p *call) bool {
	c.mu.Lock()
	pid := c.giveUp(n, p)
	abandoned := p.abandoned
	c.mu.Unlock()
	c.kill(n, pid)
	return abandoned
}

// giveUp marks a call as one that nobody waits for, and returns the process to be
// killed. It is zero if the call has ended or was given up before, or as long as
// the process is not known: then SPAWN_REPLY will have it killed. The caller holds
// c.mu.
func (c *Conn) giveUp(n uint64, p *call) (pid etf.Pid) {
	if c.calls[n] != p || p.abandoned {
		return etf.Pid{}
	}
	p.abandoned = true
	c.gaveUp.Store(true)
	return p.pid
}

// abandonAll gives up every call, and waits until the processes of all are known,
// so that they have been sent the signal that kills them.
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
		// What is still queued will be written.
		lost := &Exit{lost: &LostError{Node: c.peer.Name, Sent: true, Err: ErrClosed}}
		c.mu.Lock()
		if c.calls[n] == p {
			p.resolve(lost)
		}
		pid := c.giveUp(n, p)
		c.mu.Unlock()
		c.kill(n, pid)
	}
	c.mu.Lock()
	c.remove(0) // there may have been none
	c.mu.Unlock()
	select {
	case <-idle:
	case <-c.done:
	case <-ctx.Done():
	}
}

// remove takes call n off the table, and tells Close when it was the last. The
// caller holds c.mu.
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

// kill ends the process of call n, if there is one, and asks for no more news of
// it. Only then is the call over: Close waits for the signals to be queued.
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

// ref is the reference that stands for call n on the wire. Its first word has 18
// bits, as references had before DFLAG_V4_NC.
func (c *Conn) ref(n uint64) etf.Ref {
	return etf.Ref{
		Node:     c.local.Name,
		Creation: c.local.Creation,
		Len:      3,
		IDs:      [5]uint32{uint32(n & (1<<18 - 1)), uint32(n >> 18), uint32(n >> 50)},
	}
}

// number is the inverse of ref; 0 is no call.
func (c *Conn) number(r etf.Ref) uint64 {
	if r.Len != 3 || r.Creation != c.local.Creation || r.Node != c.local.Name {
		return 0
	}
	return uint64(r.IDs[0]) | uint64(r.IDs[1])<<18 | uint64(r.IDs[2])<<50
}
