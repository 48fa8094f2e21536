package erldist

import (
	"bytes"
	"errors"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// sendOf is a frame with a message for a pid.
func sendOf(to etf.Pid, message []byte) []byte {
	return framed(func(b []byte) []byte { return append(appendSend(b, to), message...) })(nil)
}

// fragmentedSend is a message in fragments of n bytes.
func fragmentedSend(to etf.Pid, sequence byte, message []byte, n int) (frames [][]byte) {
	left := (len(message) + n - 1) / n
	for i := range left {
		tag := byte(tagContinuation)
		var payload []byte
		if i == 0 {
			tag, payload = tagFragment, appendSend([]byte{0}, to)
		}
		payload = append(payload, message[i*n:min(len(message), (i+1)*n)]...)
		frames = append(frames, fragmentOf(tag, uint64(sequence), uint64(left-i), payload...))
	}
	return frames
}

// received returns the next message; nil: there is none.
func received(box *Mailbox) []byte {
	select {
	case p := <-box.Messages():
		defer p.Release()
		return bytes.Clone(p.Term.Bytes)
	default:
		return nil
	}
}

func TestMailbox(t *testing.T) {
	client, server := connected(t, Options{}, echo)
	box := client.OpenMailbox(2)
	defer box.Close()
	server.Send(box.Pid, list(1))
	server.Send(box.Pid, list(2))
	for n := range int64(2) {
		p := <-box.Messages()
		if !bytes.Equal(p.Term.Bytes, list(n+1)) {
			t.Errorf("message %d is %s", n+1, p.Term)
		}
		p.Release()
	}
}

// Messages to pids without a mailbox are dropped: those of other nodes, of earlier
// creations, of closed mailboxes and of the sender of calls.
func TestMessagesToUnknownPids(t *testing.T) {
	memory := &counted{limit: 1 << 20}
	r, _ := receiving(Options{Memory: memory})
	open, closed := r.conn.OpenMailbox(9), r.conn.OpenMailbox(9)
	closed.Close()
	other := func(change func(*etf.Pid)) etf.Pid {
		pid := open.Pid
		change(&pid)
		return pid
	}
	for name, to := range map[string]etf.Pid{
		"closed":         closed.Pid,
		"never opened":   other(func(p *etf.Pid) { p.ID += 7 }),
		"other serial":   other(func(p *etf.Pid) { p.Serial++ }),
		"other node":     other(func(p *etf.Pid) { p.Node = "other@host" }),
		"other creation": other(func(p *etf.Pid) { p.Creation++ }),
		"self":           r.conn.self,
		"zero":           {Node: r.conn.local.Name, Creation: r.conn.local.Creation},
	} {
		deliver(t, r, sendOf(to, list(1)))
		deliver(t, r, fragmentedSend(to, 1, make([]byte, 3000), 1000)...)
		if received(open) != nil || received(closed) != nil || memory.used != 0 || len(r.assemblies) != 0 {
			t.Errorf("%s: a message was kept", name)
		}
	}
}

// A message is reassembled from fragments of any size.
func TestFragmentedMessage(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789"), 10_000)
	for _, size := range []int{1000, 65536, len(message)} {
		r, _ := receiving(Options{})
		box := r.conn.OpenMailbox(1)
		deliver(t, r, fragmentedSend(box.Pid, 1, message, size)...)
		if got := received(box); !bytes.Equal(got, message) {
			t.Errorf("fragments of %d bytes: %d bytes came out", size, len(got))
		}
	}
}

// A mailbox takes as many messages as it has capacity, and drops the rest.
func TestMailboxIsBounded(t *testing.T) {
	r, _ := receiving(Options{})
	box := r.conn.OpenMailbox(2)
	for n := range int64(4) {
		deliver(t, r, sendOf(box.Pid, list(n)))
	}
	for n := range int64(2) {
		if got := received(box); !bytes.Equal(got, list(n)) {
			t.Errorf("message %d is %v", n, got)
		}
	}
	if got := received(box); got != nil {
		t.Errorf("%v is a third message, with a capacity of 2", got)
	}
}

// A message that is too large, or for which there is no memory, is an error in its place.
// The connection goes on.
func TestMissingMessages(t *testing.T) {
	r, _ := receiving(Options{Memory: &counted{limit: 120_000}, MaxMessage: 200_000})
	box := r.conn.OpenMailbox(9)
	deliver(t, r, sendOf(box.Pid, make([]byte, 150_000)))
	deliver(t, r, fragmentedSend(box.Pid, 1, make([]byte, 150_000), 50_000)...)
	deliver(t, r, fragmentedSend(box.Pid, 2, make([]byte, 300_000), 50_000)...)
	deliver(t, r, sendOf(box.Pid, list(7)))
	var noMemory *NoMemoryError
	var tooLarge *TooLargeError
	for i, want := range []any{&noMemory, &noMemory, &tooLarge} {
		p := <-box.Messages()
		if !errors.As(p.Err(), want) {
			t.Errorf("message %d: %v, want %T", i, p.Err(), want)
		}
		p.Release()
	}
	if got := received(box); !bytes.Equal(got, list(7)) || r.collected != 0 {
		t.Errorf("%v came after missing messages, %d bytes are collected", got, r.collected)
	}
}

// Closing a mailbox releases its messages, also an incomplete one.
func TestMailboxClose(t *testing.T) {
	memory := &counted{limit: 1 << 20}
	r, _ := receiving(Options{Memory: memory})
	box := r.conn.OpenMailbox(5)
	deliver(t, r, sendOf(box.Pid, list(1)))
	frames := fragmentedSend(box.Pid, 1, make([]byte, 3000), 1000)
	deliver(t, r, frames[:2]...)
	box.Close()
	r.sweep()
	if memory.used != 0 {
		t.Errorf("%d bytes are held for a closed mailbox", memory.used)
	}
	deliver(t, r, frames[2])
}
