package erldist

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// maxQueued is how many bytes may wait for the writer before callers have to
// wait too: a peer that stops reading must not fill our memory.
const maxQueued = 1 << 20

// maxSignals is how many bytes of signals may wait: answers to what the peer asks
// for, and the kills of calls. Nobody could be made to wait with those.
const maxSignals = 8 << 20

// outbox collects frames and writes all that are waiting with one Write. Under
// load this makes one system call, and one packet, of many frames; without load
// a frame leaves at once.
type outbox struct {
	mu      sync.Mutex
	queue   []byte        // whole frames
	signals int           // bytes of them that push put there
	queued  uint64        // bytes ever put into queue
	taken   uint64        // of these, bytes that the writer has taken to write
	written uint64        // of these, bytes that have been written
	wake    chan struct{} // holds one token while queue may not be empty
	wrote   chan struct{} // made by whoever waits for a write, closed after it
	err     error         // set once, when nothing will be written any more
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1)}
}

// put appends one or more frames by calling build with the end of the queue, whose
// position for [outbox.sent] is o.queued. It waits while too much is queued. When
// ctx ends before there is room, nothing is queued.
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

// await waits for a write to be done, or for the end of all. The caller holds
// o.mu, and holds it again afterwards.
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

// push is put without waiting, for the few bytes of a signal. It fails with
// [ErrNotReading] when too many signals wait already.
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

// append is what put and push have in common. The caller holds o.mu.
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

// sent says whether the frames at position may have reached the peer.
func (o *outbox) sent(position uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return position < o.taken
}

// fail refuses every later put, and lets go those that wait.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
		o.letGo()
	}
}

// letGo wakes those who wait for a write. The caller holds o.mu.
func (o *outbox) letGo() {
	if o.wrote != nil {
		close(o.wrote)
		o.wrote = nil
	}
}

// run writes until w fails or done is closed. wrote is called after each write.
func (o *outbox) run(w io.Writer, done <-chan struct{}, wrote func()) error {
	var batch []byte
	for {
		select {
		case <-o.wake:
		case <-done:
			return nil
		}
		// Callers that are about to run may put more: with 32 of them, letting
		// them first saves an eighth of the CPU of a call.
		runtime.Gosched()
		o.mu.Lock()
		if o.err != nil {
			o.mu.Unlock()
			return nil
		}
		batch, o.queue, o.signals = o.queue, reuse(batch), 0
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
		o.letGo()
		o.mu.Unlock()
	}
}

// reuse empties b, unless it has grown so large that keeping it would be waste.
func reuse(b []byte) []byte {
	if cap(b) > 256<<10 {
		return nil
	}
	return b[:0]
}
