package erldist

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// locked is an unlimited memory for several goroutines.
type locked struct{ used atomic.Int64 }

func (m *locked) Reserve(n int) bool {
	m.used.Add(int64(n))
	return true
}

func (m *locked) Release(n int) { m.used.Add(int64(-n)) }

// counted is a memory of limit bytes. It belongs to one goroutine.
type counted struct{ limit, used, most int }

func (m *counted) Reserve(n int) bool {
	if m.used+n > m.limit {
		return false
	}
	m.used += n
	m.most = max(m.most, m.used)
	return true
}

func (m *counted) Release(n int) { m.used -= n }

// An answer beyond the memory fails only its call, in whatever form it arrives.
// Releasing an answer frees all of it.
func TestMemory(t *testing.T) {
	const size = 10_000
	answer := etf.AppendBinary(nil, string(make([]byte, size)))
	whole := func(r *reader, n uint64) [][]byte {
		return [][]byte{framed(func(b []byte) []byte {
			return appendMonitorExit(b, etf.Pid{Node: "n"}, "", r.conn.self, r.conn.ref(n), answer)
		})(nil)}
	}
	// Like those of Erlang nodes: all but the last have 1000 bytes, and the first has
	// the control message.
	inFragments := func(r *reader, n uint64) (frames [][]byte) {
		begin := exitOf(r.conn, n)
		left := 1000 - (len(begin) - 1)
		count := uint64(1 + (len(answer)-left+999)/1000)
		frames = append(frames, fragmentOf(tagFragment, n, count, append(begin, answer[:left]...)...))
		for piece := range slices.Chunk(answer[left:], 1000) {
			count--
			frames = append(frames, fragmentOf(tagContinuation, n, count, piece...))
		}
		return frames
	}
	// The first fragment does not tell the length of the others.
	inOddFragments := func(r *reader, n uint64) [][]byte {
		return [][]byte{
			fragmentOf(tagFragment, n, 3, append(exitOf(r.conn, n), answer[:1]...)...),
			fragmentOf(tagContinuation, n, 2, answer[1:5000]...),
			fragmentOf(tagContinuation, n, 1, answer[5000:]...),
		}
	}
	for name, test := range map[string]struct {
		frames func(*reader, uint64) [][]byte
		limit  int
		fails  bool
	}{
		"whole":                             {whole, 100_000, false},
		"whole, no room":                    {whole, len(answer) - 1, true},
		"in fragments":                      {inFragments, 12_000, false},
		"in fragments, no room":             {inFragments, 10_000, true},
		"in fragments of any size":          {inOddFragments, 100_000, false},
		"in fragments of any size, no room": {inOddFragments, 10_000, true},
	} {
		memory := &counted{limit: test.limit}
		r, calls := receiving(Options{Memory: memory, MaxMessage: 11_000, MaxReassembly: 11_000}, 1)
		deliver(t, r, test.frames(r, 1)...)
		exit := <-calls[1].exit
		err := exit.lost
		var noMemory *NoMemoryError
		if errors.As(err, &noMemory) != test.fails || !test.fails && len(exit.Term.Bytes) < size {
			t.Errorf("%s: %v, %d bytes", name, err, len(exit.Term.Bytes))
		}
		exit.Release()
		if memory.used != 0 || r.collected != 0 {
			t.Errorf("%s: %d bytes are left over, %d in assemblies", name, memory.used, r.collected)
		}
	}
}

// The answer of an abandoned call is freed with the next frame, even a tick, and even
// if it arrives at the moment of abandonment.
func TestMemoryOfAbandonedCalls(t *testing.T) {
	memory := &counted{limit: 1 << 20}
	r, calls := receiving(Options{Memory: memory}, 1, 2)
	frames := fragmented(r.conn, r.conn.ref(1), 9, make([]byte, 4000), 1000)
	deliver(t, r, frames[:2]...)
	if memory.used < 2000 {
		t.Fatalf("%d bytes are reserved for 2000", memory.used)
	}
	r.conn.abandon(1, calls[1])
	r.sweep()
	if memory.used != 0 {
		t.Errorf("%d bytes are reserved for an abandoned call", memory.used)
	}
	deliver(t, r, frames[2:]...)

	deliver(t, r, fragmented(r.conn, r.conn.ref(2), 10, make([]byte, 4000), 1000)...)
	if r.conn.abandon(2, calls[2]) {
		t.Error("a call was abandoned that had ended")
	}
	(<-calls[2].exit).Release()
	if memory.used != 0 {
		t.Errorf("%d bytes are left over", memory.used)
	}

	deliver(t, r, fragmented(r.conn, r.conn.ref(3), 11, make([]byte, 4000), 1000)...) // unknown
	r.dropAll()
	if memory.used != 0 {
		t.Errorf("%d bytes are reserved for an unknown call", memory.used)
	}
}

// A caller that leaves frees its answer.
func TestMemoryOfACallerThatLeaves(t *testing.T) {
	memory := &locked{}
	c, _ := connected(t, Options{Memory: memory}, func(ctx context.Context, _ Process) []byte { return list(1) })
	for range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if exit, err := c.Spawn(ctx, Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1}); err == nil {
			exit.Release()
		}
	}
	c.closeTime = waittest.Limit // Close waits until the reader has ended
	c.Close()
	if used := memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are left over", used)
	}
}
