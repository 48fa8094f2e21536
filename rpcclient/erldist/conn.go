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
	// TickTime is how long the peer may be silent before it counts as dead, the
	// net_ticktime of Erlang. Both sides should have the same. 0 means 60 s.
	TickTime time.Duration
	// MaxMessage bounds the bytes of one message of the peer, pieced together
	// from its fragments. A longer answer fails its call alone; a longer frame
	// ends the connection. 0 means 128 MiB.
	MaxMessage int
	// MaxReassembly bounds the bytes of all answers of which some fragments have
	// come and others have not. The answer that does not fit fails its call. 0
	// means 4 times MaxMessage.
	MaxReassembly int
	// Memory is asked for the bytes of every answer before they are kept. An answer
	// for which there is none fails its call. None means that it is not asked.
	Memory Memory
	// Handler runs what the peer spawns on this node. Without one, every spawn
	// is refused with notsup, as a node does that has no such service.
	Handler Handler
}

// Memory bounds the bytes that connections hold, and may be shared by many.
type Memory interface {
	// Reserve takes n bytes and reports whether there was room for them. It does
	// not wait.
	Reserve(n int) bool
	// Release gives n bytes back.
	Release(n int)
}

// unlimited is the memory of connections that are given none.
type unlimited struct{}

func (unlimited) Reserve(int) bool { return true }
func (unlimited) Release(int)      {}

// ErrClosed is why a connection ended that was closed on this side.
var ErrClosed = errors.New("distribution connection closed")

// ErrTickTimeout is why a connection ended whose peer was silent for the tick
// time.
var ErrTickTimeout = errors.New("the peer was silent for the tick time")

// ErrNotReading is why a connection ended whose peer made this side queue more
// signals than may wait, and read none of them.
var ErrNotReading = errors.New("the peer does not read the signals it is sent")

// ErrNoMemory is why a connection ended whose peer sent a longer frame than there was
// memory for.
var ErrNoMemory = errors.New("no memory is left for a frame")

// A Conn is one connection to one node after its handshake. Its methods may be
// used by any number of goroutines.
type Conn struct {
	socket  net.Conn
	local   Node
	peer    Peer
	options Options
	self    etf.Pid // the process in whose name everything here is sent

	out    *outbox
	reads  atomic.Uint64 // of the socket, for ticks
	writes atomic.Uint64

	mu      sync.Mutex
	calls   map[uint64]*call
	nextRef uint64
	idle    chan struct{} // made by Close; closed when no call is left
	err     error         // why the connection ended

	gaveUp atomic.Bool // a call, since the reader looked last

	processes processes
	done      chan struct{} // closed with err set
	closeOnce sync.Once
}

// New makes a Conn of a socket on which [Initiate] or [Accept] returned peer.
// It does nothing until [Conn.Serve] is called.
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
		calls:   make(map[uint64]*call),
		done:    make(chan struct{}),
	}
	return c
}

// Peer returns the node on the other side.
func (c *Conn) Peer() Peer { return c.peer }

// Serve reads, writes and ticks until the connection ends, and returns why:
// [ErrClosed], [ErrTickTimeout], [ErrNotReading], a [*FrameError], or the error of
// the socket. Calls that still wait then fail with a [*LostError]. Serve must be called once.
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

// closeTime bounds how long Close waits for the peer.
const closeTime = time.Second

// Close ends the connection. Calls that wait fail with a [*LostError] at once,
// and their processes are killed before the connection is gone, unless the peer
// does not answer for a second.
func (c *Conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	c.abandonAll(ctx)
	c.out.flush(ctx)
	// With answers on their way here, to close at once would reset the connection,
	// and the peer would lose what it has not read yet, the signals among it.
	if half, ok := c.socket.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-c.done:
		case <-ctx.Done():
		}
	}
	c.end(ErrClosed)
	return nil
}

// closing says whether Close has been called.
func (c *Conn) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle != nil
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// end closes the socket and fails every call, once; the first reason is kept.
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

// signal queues one frame that nobody waits for. When the connection has ended
// it has no receiver any more, so that is no error. When the peer leaves too many
// of them unread, that is the end of the connection.
func (c *Conn) signal(build func([]byte) []byte) {
	err := c.out.push(framed(build))
	if errors.Is(err, ErrNotReading) {
		c.end(err)
	}
}

// Err returns why the connection ended, nil while it has not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
