package erldist

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Options of a connection. The zero value is ready for use.
type Options struct {
	// TickTime is the maximum silence of the peer, Erlang's net_ticktime. Both sides
	// should have the same. 0 means 60 s.
	TickTime time.Duration
	// MaxMessage bounds one message of the peer, in bytes, reassembled from its
	// fragments. A longer answer fails its call; a longer frame ends the connection. 0
	// means 128 MiB.
	MaxMessage int
	// MaxReassembly bounds all incomplete fragmented answers together, in bytes. An
	// answer beyond it fails its call. 0 means 4 times MaxMessage.
	MaxReassembly int
	// Memory reserves the bytes of every answer. An answer without a reservation fails
	// its call. Nil: no bound.
	Memory Memory
	// Handler runs what the peer spawns on this node. Nil: every spawn is refused with
	// notsup.
	Handler Handler
}

// Memory bounds the bytes that connections hold. Connections may share one.
type Memory interface {
	// Reserve reserves n bytes, or returns false. It does not block.
	Reserve(n int) bool
	// Release frees n reserved bytes.
	Release(n int)
}

// unlimited is the default Memory.
type unlimited struct{}

func (unlimited) Reserve(int) bool { return true }
func (unlimited) Release(int)      {}

// ErrClosed ends a connection that this side closed.
var ErrClosed = errors.New("distribution connection closed")

// ErrTickTimeout ends a connection whose peer was silent for the tick time.
var ErrTickTimeout = errors.New("the peer was silent for the tick time")

// ErrNotReading ends a connection whose peer does not read the signals that it causes.
var ErrNotReading = errors.New("the peer does not read the signals it is sent")

// ErrNoMemory ends a connection whose peer sent a frame beyond the available memory.
var ErrNoMemory = errors.New("no memory is left for a frame")

// A Conn is one connection to one node after the handshake. Its methods are safe for
// concurrent use.
type Conn struct {
	socket  net.Conn
	local   Node
	peer    Peer
	options Options
	self    etf.Pid // the sender of everything that this side sends

	out     *outbox
	sent    sentAtoms     // by calls, in the order of their frames in out
	control []byte        // of the latest call
	reads   atomic.Uint64 // of the socket, for ticks
	writes  atomic.Uint64

	mu      sync.Mutex
	calls   map[uint64]*call
	nextRef uint64
	idle    chan struct{} // made by Close; closed without calls
	err     error         // why the connection ended

	mailboxes   map[mailboxID]*Mailbox // guarded by mu
	lastMailbox mailboxID              // guarded by mu

	watch watch // guarded by mu, once there is a watcher

	sweepDue atomic.Bool // a call was abandoned, or a mailbox closed, since the last sweep

	processes processes
	done      chan struct{} // closed after err is set
	closeTime time.Duration // bounds how long Close waits for the peer
	closeOnce sync.Once
}

// New makes a Conn of a socket after [Initiate] or [Accept] returned peer.
// [Conn.Serve] starts it.
func New(socket net.Conn, local Node, peer Peer, options Options) *Conn {
	if options.TickTime == 0 {
		options.TickTime = 60 * time.Second
	}
	if options.MaxMessage == 0 {
		options.MaxMessage = 128 << 20
	}
	if options.MaxReassembly == 0 {
		options.MaxReassembly = 4 * options.MaxMessage
	}
	if options.Memory == nil {
		options.Memory = unlimited{}
	}
	c := &Conn{
		socket:  socket,
		local:   local,
		peer:    peer,
		options: options,
		self:    etf.Pid{Node: local.Name, ID: 1, Creation: local.Creation},
		out:     newOutbox(),
		sent:    sentAtoms{entries: make(map[string]*sentAtom)},
		calls:   make(map[uint64]*call),

		mailboxes: make(map[mailboxID]*Mailbox),
		done:      make(chan struct{}),
		closeTime: time.Second,
		watch:     watch{since: time.Now()},
	}
	return c
}

// Peer returns the node on the other side.
func (c *Conn) Peer() Peer { return c.peer }

// Serve reads, writes and ticks until the connection ends, and returns the reason:
// [ErrClosed], [ErrTickTimeout], [ErrNotReading], [ErrNoMemory], a [*FrameError], or
// the error of the socket. Pending calls then fail with a [*LostError]. Serve must be
// called once.
func (c *Conn) Serve() error {
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.out.run(c.socket, c.done, func() { c.writes.Add(1) }); err != nil {
			c.end(err)
		}
	})
	running.Go(func() { c.tick() })
	err := c.read()
	if c.closing() {
		err = ErrClosed
	}
	c.end(err)
	running.Wait()
	c.processes.wait()
	return c.err
}

// Close ends the connection. Pending calls fail with a [*LostError] at once. Close
// waits for a second at most until the peer has killed their processes.
func (c *Conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.closeTime)
	defer cancel()
	c.abandonAll(ctx)
	c.out.flush(ctx)
	// Closing the socket while answers arrive would reset the connection, and the peer
	// would lose unread signals.
	if half, ok := c.socket.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-c.done:
		case <-ctx.Done():
		}
	}
	c.end(ErrClosed)
	return nil
}

// closing reports whether Close has been called.
func (c *Conn) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle != nil
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// end closes the socket and fails every call. Only the first reason counts.
func (c *Conn) end(reason error) {
	c.closeOnce.Do(func() {
		c.mu.Lock()
		c.err = reason
		calls := c.calls
		c.calls = nil
		c.mu.Unlock()
		c.out.fail(reason)
		close(c.done)
		c.socket.Close()
		for _, call := range calls {
			call.resolve(c.lost(call, reason))
		}
		c.processes.killAll()
	})
}

// signal queues one frame. After the end of the connection it does nothing. Too many
// unread signals end the connection.
func (c *Conn) signal(build func([]byte) []byte) {
	err := c.out.push(framed(build))
	if errors.Is(err, ErrNotReading) {
		c.end(err)
	}
}

// Err returns why the connection ended, or nil.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
