package erldist

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// receiving returns a connection without a peer, with these calls registered, and its
// reader.
func receiving(options Options, calls ...uint64) (*reader, map[uint64]*call) {
	c := New(&scripted{}, initiator, Peer{Name: acceptor.Name}, options)
	registered := map[uint64]*call{}
	for _, n := range calls {
		p := &call{exit: make(chan *Payload, 1)}
		c.calls[n], registered[n] = p, p
	}
	return newReader(c), registered
}

// deliver passes frames, with their lengths, to the reader.
func deliver(t testing.TB, r *reader, frames ...[]byte) {
	t.Helper()
	for _, frame := range frames {
		if err := r.frame(frame[4:]); err != nil {
			t.Fatal(err)
		}
	}
}

// An answer is reassembled from fragments of any size.
func TestAssembly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	answer := make([]byte, 300_000)
	for i := range answer {
		answer[i] = byte(rnd.Uint32())
	}
	for _, size := range []int{1, 7, 1000, 65535, 65536, 65537, 200_000, len(answer)} {
		r, calls := receiving(Options{}, 1)
		deliver(t, r, fragmented(r.conn, r.conn.ref(1), 9, answer, size)...)
		exit := <-calls[1].exit
		held := cap(exit.bytes)
		if !bytes.Equal(exit.Term.Bytes, answer) {
			t.Errorf("fragments of %d bytes: another answer came out", size)
		}
		if held > 2*len(answer) {
			t.Errorf("fragments of %d bytes: %d bytes were held for %d", size, held, len(answer))
		}
		if r.collected != 0 || len(r.assemblies) != 0 {
			t.Errorf("fragments of %d bytes: %d bytes in %d assemblies are left over", size, r.collected, len(r.assemblies))
		}
	}
}

// Incomplete answers are bounded together: one that does not fit fails its call, and
// the others arrive.
func TestMaxReassembly(t *testing.T) {
	r, calls := receiving(Options{MaxMessage: 1000, MaxReassembly: 2300}, 1, 2, 3, 4)
	var frames [5][][]byte
	for n := 1; n <= 4; n++ {
		frames[n] = fragmented(r.conn, r.conn.ref(uint64(n)), uint64(n), make([]byte, 800), 400)
	}
	answered := func(n uint64) error {
		t.Helper()
		select {
		case exit := <-calls[n].exit:
			return exit.lost
		default:
			t.Fatalf("call %d has not ended", n)
			return nil
		}
	}
	deliver(t, r, frames[1][0], frames[2][0], frames[3][0], frames[1][1]) // 1600 at most
	if err := answered(1); err != nil {
		t.Fatal(err)
	}
	deliver(t, r, frames[4][0], fragmented(r.conn, r.conn.ref(9), 9, make([]byte, 5000), 1000)[0]) // no call waits for the latter
	deliver(t, r, frames[2][1], frames[3][1])
	for n := uint64(2); n <= 3; n++ {
		if err := answered(n); err != nil {
			t.Fatal(err)
		}
	}
	// Next to 400 bytes of call 4, only the 1000 of call 5 fit. Second fragments tell
	// that.
	for n := uint64(5); n <= 6; n++ {
		p := &call{exit: make(chan *Payload, 1)}
		r.conn.calls[n], calls[n] = p, p
		deliver(t, r, fragmented(r.conn, r.conn.ref(n), n, make([]byte, 1000), 350)[:2]...)
	}
	var large *TooLargeError
	if err := answered(6); !errors.As(err, &large) || !large.Total || large.Max != 2300 {
		t.Errorf("%v, want a TooLargeError for 2300 bytes together", err)
	}
	deliver(t, r, frames[4][1])
	if err := answered(4); err != nil {
		t.Error(err)
	}
}

// The answer of an abandoned call is dropped with the next fragment.
func TestAssemblyOfAnAbandonedCall(t *testing.T) {
	r, calls := receiving(Options{}, 1)
	frames := fragmented(r.conn, r.conn.ref(1), 9, make([]byte, 4000), 1000)
	deliver(t, r, frames[:2]...)
	if r.collected < 2000 {
		t.Fatalf("%d bytes are held of 2000", r.collected)
	}
	r.conn.abandon(1, calls[1])
	deliver(t, r, frames[2])
	if r.collected != 0 {
		t.Errorf("%d bytes are held for an abandoned call", r.collected)
	}
	deliver(t, r, frames[3])
	if len(calls[1].exit) != 0 || len(r.assemblies) != 0 {
		t.Error("the answer was kept")
	}
}

// The atoms of an answer's header count, too: they outlive their entries in the atom
// cache.
func TestMaxReassemblyCountsAtoms(t *testing.T) {
	r, calls := receiving(Options{MaxMessage: 1000}, 1)
	long := bytes.Repeat([]byte("a"), 250)
	frame := []byte{0, 0, 0, 0, 131, tagFragment, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 20}
	frame = append(frame, bytes.Repeat([]byte{0x88}, 10)...)
	frame = append(frame, 0)
	for i := range byte(20) {
		frame = append(append(frame, i, byte(len(long))), long...)
	}
	frame = appendMonitorExit(frame, etf.Pid{Node: "n"}, "", r.conn.self, r.conn.ref(1), list(1))
	deliver(t, r, endFrame(frame, 0))
	var large *TooLargeError
	if exit := <-calls[1].exit; !errors.As(exit.lost, &large) || !large.Total || r.collected != 0 {
		t.Errorf("%v with %d bytes held, want a TooLargeError", exit.lost, r.collected)
	}
}

// All calls of a connection share the reader, so the longest time of one fragment of a
// large answer is what matters.
func BenchmarkLargeAnswer(b *testing.B) {
	const size = 50 << 20
	r, _ := receiving(Options{})
	frames := fragmented(r.conn, r.conn.ref(1), 9, make([]byte, size), 64<<10)
	b.SetBytes(size)
	var stalls time.Duration
	for b.Loop() {
		r, calls := receiving(Options{}, 1)
		var longest time.Duration
		for _, frame := range frames {
			began := time.Now()
			if err := r.frame(frame[4:]); err != nil {
				b.Fatal(err)
			}
			longest = max(longest, time.Since(began))
		}
		stalls += longest
		<-calls[1].exit
	}
	b.ReportMetric(float64(stalls.Microseconds())/float64(b.N), "µs-longest-stall/op")
}

// A call with a small answer, over loopback.
func BenchmarkSpawn(b *testing.B) {
	c, _ := connected(b, Options{}, func(context.Context, Process) []byte { return list(1) })
	args := list(42)
	b.ReportAllocs()
	for b.Loop() {
		exit, err := c.Spawn(b.Context(), Spawn{Module: "m", Function: "f", Args: args, Arity: 1})
		if err != nil {
			b.Fatal(err)
		}
		exit.Release()
	}
}
