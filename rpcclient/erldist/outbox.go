package erldist

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// maxQueued is the number of queued bytes from which callers wait. It bounds memory if
// a peer stops reading.
const maxQueued = 1 << 20

// maxSignals bounds the queued bytes of signals: replies to the peer, and kills. Their
// senders cannot wait.
const maxSignals = 8 << 20

// maxPieces is the number of queued bytes of pieces from which their senders wait. Other
// frames are queued behind few pieces, however many there are to send.
const maxPieces = 128 << 10

// outbox queues frames and writes all of them with one Write. Under load that means
// one system call and one packet for many frames. Without load, a frame leaves at
// once.
type outbox struct {
	mu      sync.Mutex
	queue   []byte        // whole frames
	signals int           // bytes of push in it
	pieces  int           // bytes of putPiece in it
	queued  uint64        // bytes ever put into queue
	taken   uint64        // bytes ever taken by the writer
	written uint64        // bytes ever written
	wake    chan struct{} // holds one token while queue may not be empty
	wrote   chan struct{} // made by a waiter, closed after a write
	err     error         // set once, at the end
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1)}
}

// put appends one or more frames by calling build with the end of the queue, whose
// position for [outbox.sent] is o.queued. It waits while too much is queued. If ctx
// ends first, nothing is queued.
func (o *outbox) put(ctx context.Context, build func([]byte) []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && len(o.queue) > maxQueued {
		if err := o.await(ctx); err != nil {
			return err
		}
	}
	return o.append(build)
}

// putPiece is put for a frame that many others of its sender follow.
func (o *outbox) putPiece(ctx context.Context, build func([]byte) []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && (len(o.queue) > maxQueued || o.pieces > maxPieces) {
		if err := o.await(ctx); err != nil {
			return err
		}
	}
	before := len(o.queue)
	err := o.append(build)
	o.pieces += len(o.queue) - before
	return err
}

// await waits for the end of a write or of the outbox. The caller holds o.mu, which is
// unlocked meanwhile.
func (o *outbox) await(ctx context.Context) error {
	if o.wrote == nil {
		o.wrote = make(chan struct{})
	}
	wrote := o.wrote
	o.mu.Unlock()
	defer o.mu.Lock()
	select {
	case <-wrote:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// flush waits until everything that is queued now has been written.
func (o *outbox) flush(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for queued := o.queued; o.err == nil && o.written < queued; {
		if o.await(ctx) != nil {
			return
		}
	}
}

// push is put without waiting, for signals. It fails with [ErrNotReading] if too many
// are queued.
func (o *outbox) push(build func([]byte) []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.signals > maxSignals {
		return ErrNotReading
	}
	before := len(o.queue)
	err := o.append(build)
	o.signals += len(o.queue) - before
	return err
}

// append is the common part of put, putPiece and push. The caller holds o.mu.
func (o *outbox) append(build func([]byte) []byte) error {
	if o.err != nil {
		return o.err
	}
	before := len(o.queue)
	o.queue = build(o.queue)
	o.queued += uint64(len(o.queue) - before)
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return nil
}

// sent reports whether the frames at position may have reached the peer.
func (o *outbox) sent(position uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return position < o.taken
}

// fail fails every later put and wakes the waiters.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
		o.wakeWaiters()
	}
}

// wakeWaiters wakes the waiters for a write. The caller holds o.mu.
func (o *outbox) wakeWaiters() {
	if o.wrote != nil {
		close(o.wrote)
		o.wrote = nil
	}
}

// run writes until w fails or done is closed. It calls wrote after each write.
func (o *outbox) run(w io.Writer, done <-chan struct{}, wrote func()) error {
	var batch []byte
	for {
		select {
		case <-o.wake:
		case <-done:
			return nil
		}
		// Yielding lets runnable callers put more first: with 32 of them, that saves
		// an eighth of the CPU time of a call.
		runtime.Gosched()
		o.mu.Lock()
		if o.err != nil {
			o.mu.Unlock()
			return nil
		}
		batch, o.queue, o.signals, o.pieces = o.queue, reuse(batch), 0, 0
		o.taken = o.queued
		o.mu.Unlock()
		if len(batch) == 0 {
			continue
		}
		if _, err := w.Write(batch); err != nil {
			return err
		}
		wrote()
		o.mu.Lock()
		o.written = o.taken
		o.wakeWaiters()
		o.mu.Unlock()
	}
}

// reuse empties b, or drops it if it has grown large.
func reuse(b []byte) []byte {
	if cap(b) > 256<<10 {
		return nil
	}
	return b[:0]
}
