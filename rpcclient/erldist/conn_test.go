package erldist

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// echo exits with its argument list as the reason.
func echo(_ context.Context, p Process) []byte { return bytes.Clone(p.Args.Bytes) }

// connected returns a connection to another one whose processes run handler.
func connected(t testing.TB, options Options, handler Handler) (client, server *Conn) {
	t.Helper()
	a, b := pair(t)
	client = New(a, initiator, Peer{Name: acceptor.Name}, options)
	server = New(b, acceptor, Peer{Name: initiator.Name}, Options{Handler: handler})
	serve(t, client, server)
	return client, server
}

func serve(t testing.TB, conns ...*Conn) {
	var serving sync.WaitGroup
	for _, c := range conns {
		serving.Go(func() { c.Serve() })
	}
	t.Cleanup(func() {
		for _, c := range conns {
			c.Close()
		}
		serving.Wait()
	})
}

func list(n int64) []byte {
	return etf.AppendNil(etf.AppendInt(etf.AppendList(nil, 1), n))
}

func TestSpawn(t *testing.T) {
	c, _ := connected(t, Options{}, echo)
	exit, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(42), Arity: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer exit.Release()
	if !bytes.Equal(exit.Term.Bytes, list(42)) {
		t.Errorf("the reason is % x", exit.Term.Bytes)
	}
}

func TestManySpawnsAtOnce(t *testing.T) {
	c, _ := connected(t, Options{}, echo)
	var calls sync.WaitGroup
	for i := range int64(1000) {
		calls.Go(func() {
			exit, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(i), Arity: 1})
			if err != nil {
				t.Error(err)
				return
			}
			defer exit.Release()
			if !bytes.Equal(exit.Term.Bytes, list(i)) {
				t.Errorf("call %d got another's answer", i)
			}
		})
	}
	calls.Wait()
	if len(c.calls) != 0 {
		t.Errorf("%d calls are left over", len(c.calls))
	}
}

func TestSpawnIsRefusedWithoutHandler(t *testing.T) {
	c, _ := connected(t, Options{}, nil)
	_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Reason != "notsup" {
		t.Errorf("%v, want notsup", err)
	}
}

// The end of ctx kills the process, even before its pid is known.
func TestSpawnIsKilledWithItsContext(t *testing.T) {
	for name, leave := range map[string]func(cancel func(), started <-chan struct{}){
		"while it runs": func(cancel func(), started <-chan struct{}) { <-started; cancel() },
		"at once":       func(cancel func(), _ <-chan struct{}) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			started, killed := make(chan struct{}), make(chan struct{})
			c, _ := connected(t, Options{}, func(ctx context.Context, _ Process) []byte {
				close(started)
				<-ctx.Done()
				close(killed)
				return nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error)
			go func() {
				_, err := c.Spawn(ctx, Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
				done <- err
			}()
			if name == "at once" {
				eventuallyCalling(t, c)
			}
			leave(cancel, started)
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled", err)
			}
			<-killed
		})
	}
}

// eventuallyCalling waits until a call is registered.
func eventuallyCalling(t *testing.T, c *Conn) {
	waittest.Until(t, "a call is registered", func() bool { return registered(c) > 0 })
}

// registered is the number of pending calls.
func registered(c *Conn) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls)
}

// Close ends the calls of a connection on both sides.
func TestCloseKillsCalls(t *testing.T) {
	kill := []byte{104, 3, 97, opPayloadExit2}
	for range 20 {
		const calls = 8
		a, b := pair(t)
		heard := &listening{Conn: b}
		c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
		c.closeTime = waittest.Limit // a slow machine may take more than a second
		server := New(heard, acceptor, Peer{Name: initiator.Name}, Options{Handler: func(ctx context.Context, _ Process) []byte {
			<-ctx.Done()
			return nil
		}})
		serve(t, c)
		served := make(chan error, 1)
		go func() { served <- server.Serve() }()
		errs := make(chan error)
		for range calls {
			go func() {
				_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
				errs <- err
			}()
		}
		for registered(c) < calls { // without pauses, so that the number of known processes varies
			runtime.Gosched()
		}
		c.Close()
		for range calls {
			var lost *LostError
			if err := <-errs; !errors.As(err, &lost) || !errors.Is(err, ErrClosed) {
				t.Fatalf("%v, want a LostError by ErrClosed", err)
			}
		}
		<-served
		if kills := bytes.Count(heard.all, kill); kills != calls {
			t.Fatalf("the peer was told to kill %d processes, want %d", kills, calls)
		}
		if _, err := c.Spawn(t.Context(), Spawn{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a call afterwards: %v", err)
		}
	}
}

// No call begins while Close waits for the peer.
func TestSpawnWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		go io.Copy(io.Discard, b)
		c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
		serve(t, c)
		spawn := func() error {
			_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
			return err
		}
		go spawn()
		synctest.Wait()
		go c.Close() // it waits for the pid of the process to kill
		synctest.Wait()
		began := time.Now()
		var lost *LostError
		if err := spawn(); !errors.As(err, &lost) || lost.Sent || !errors.Is(err, ErrClosed) {
			t.Errorf("%v, want a LostError by ErrClosed that was not sent", err)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it took %v", waited)
		}
		b.Close()
	})
}

// listening is a connection that records what it reads.
type listening struct {
	net.Conn
	all []byte
}

func (l *listening) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.all = append(l.all, b[:n]...)
	return n, err
}

func TestLostConnectionFailsCalls(t *testing.T) {
	started := make(chan struct{})
	c, server := connected(t, Options{}, func(ctx context.Context, _ Process) []byte {
		close(started)
		<-ctx.Done()
		return nil
	})
	done := make(chan error)
	go func() {
		_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
		done <- err
	}()
	<-started
	server.Close()
	var lost *LostError
	if err := <-done; !errors.As(err, &lost) || !lost.Sent || !errors.Is(err, io.EOF) {
		t.Errorf("a call under way: %v, want a LostError that was sent", err)
	}
	_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
	if !errors.As(err, &lost) || lost.Sent {
		t.Errorf("a call afterwards: %v, want a LostError that was not sent", err)
	}
}

// A call that is still queued at the end of the connection was not sent. It may be
// made elsewhere.
func TestLostErrorSent(t *testing.T) {
	a, b := net.Pipe() // a write blocks until it is read
	c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
	serve(t, c)
	errs := make(chan error, 2)
	call := func() {
		_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
		errs <- err
	}
	go call()
	io.ReadFull(b, make([]byte, 4)) // the first is being written
	go call()
	waittest.Until(t, "the second is queued", func() bool {
		c.out.mu.Lock()
		defer c.out.mu.Unlock()
		return len(c.out.queue) > 0
	})
	b.Close()
	sent := 0
	for range 2 {
		var lost *LostError
		if err := <-errs; !errors.As(err, &lost) {
			t.Errorf("%v, want a LostError", err)
		} else if lost.Sent {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d calls count as sent, want 1", sent)
	}
}

// fragmented splits an exit signal into fragments of n bytes of payload.
func fragmented(c *Conn, ref etf.Ref, sequence uint64, reason []byte, n int) [][]byte {
	count := (len(reason) + n - 1) / n
	var frames [][]byte
	for i := range count {
		frame := []byte{0, 0, 0, 0, 131, tagContinuation}
		if i == 0 {
			frame[5] = tagFragment
		}
		frame = binary.BigEndian.AppendUint64(frame, sequence)
		frame = binary.BigEndian.AppendUint64(frame, uint64(count-i))
		if i == 0 {
			frame = append(frame, 0)
			frame = appendMonitorExit(frame, etf.Pid{Node: "n", ID: 5}, "", c.self, ref, nil)
		}
		frame = append(frame, reason[i*n:min((i+1)*n, len(reason))]...)
		frames = append(frames, endFrame(frame, 0))
	}
	return frames
}

// Small answers arrive between the fragments of a large one.
func TestFragments(t *testing.T) {
	a, b := pair(t)
	c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
	serve(t, c)
	large := etf.AppendBinary(nil, strings.Repeat("large", 100_000))
	small := etf.AppendAtom(nil, "small")
	first, second := make(chan *Payload, 1), make(chan *Payload, 1)
	for _, answer := range []chan *Payload{first, second} {
		n := registered(c)
		go func() {
			exit, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
			if err != nil {
				t.Error(err)
			}
			answer <- exit
		}()
		waittest.Until(t, "the call is registered", func() bool { return registered(c) > n })
	}
	frames := fragmented(c, c.ref(1), 99, large, 64<<10)
	for _, frame := range frames[:2] {
		b.Write(frame)
	}
	b.Write(endFrame(appendMonitorExit(beginFrame(nil), etf.Pid{Node: "n", ID: 6}, "", c.self, c.ref(2), small), 0))
	if exit := <-second; !bytes.Equal(exit.Term.Bytes, small) {
		t.Error("the small answer is not what was sent")
	}
	for _, frame := range frames[2:] {
		b.Write(frame)
	}
	if exit := <-first; !bytes.Equal(exit.Term.Bytes, large) {
		t.Error("the large answer is not what was sent")
	}
}

// An answer beyond the limit fails only its own call.
func TestTooLargeAnswer(t *testing.T) {
	a, b := pair(t)
	c := New(a, initiator, Peer{Name: acceptor.Name}, Options{MaxMessage: 1000})
	serve(t, c)
	errs := make(chan error)
	spawn := func() {
		_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
		errs <- err
	}
	go spawn()
	eventuallyCalling(t, c)
	for _, frame := range fragmented(c, c.ref(1), 99, make([]byte, 2000), 500) {
		b.Write(frame)
	}
	var large *TooLargeError
	if err := <-errs; !errors.As(err, &large) {
		t.Fatalf("%v, want a TooLargeError", err)
	}
	go spawn()
	eventuallyCalling(t, c)
	b.Write(endFrame(appendMonitorExit(beginFrame(nil), etf.Pid{Node: "n"}, "", c.self, c.ref(2), list(1)), 0))
	if err := <-errs; err != nil {
		t.Errorf("the connection did not go on: %v", err)
	}
}

// A malformed frame ends the connection with a reason.
func TestBadFrames(t *testing.T) {
	fragment := func(tag byte, sequence, id byte, rest ...byte) []byte {
		return append([]byte{131, tag, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, id}, rest...)
	}
	start := fragment(tagFragment, 1, 3, 0, 104, 1, 97, 2)
	for name, frames := range map[string][][]byte{
		"not a tuple":                 {{131, tagNormal, 0, 97, 1}},
		"empty tuple":                 {{131, tagNormal, 0, 104, 0}},
		"spawn reply that is short":   {{131, tagNormal, 0, 104, 1, 97, opSpawnReply}},
		"atom outside the references": {{131, tagNormal, 0, 104, 2, 97, opSpawnReply, 82, 9}},
		"unknown sequence":            {fragment(tagContinuation, 1, 1)},
		"sequence begins twice":       {start, start},
		"fragment out of order":       {start, fragment(tagContinuation, 1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
			ended := make(chan error)
			go func() { ended <- c.Serve() }()
			for _, frame := range frames {
				b.Write(endFrame(append(make([]byte, 4), frame...), 0))
			}
			var bad *FrameError
			if err := <-ended; !errors.As(err, &bad) {
				t.Errorf("%v, want a FrameError", err)
			}
		})
	}
	t.Run("giant length", func(t *testing.T) {
		a, b := pair(t)
		c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
		ended := make(chan error)
		go func() { ended <- c.Serve() }()
		b.Write([]byte{0xff, 0xff, 0xff, 0xff})
		var bad *FrameError
		if err := <-ended; !errors.As(err, &bad) {
			t.Errorf("%v, want a FrameError", err)
		}
	})
}

// Memory grows with received bytes, not with a claimed length.
func TestLongFrameIsReadInSteps(t *testing.T) {
	reads := 0
	r := readerFunc(func(b []byte) (int, error) {
		if reads++; reads > 3 {
			return 0, io.EOF
		}
		return len(b), nil
	})
	memory := &counted{limit: 100 << 20}
	reader := newReader(New(&scripted{}, initiator, Peer{Name: acceptor.Name}, Options{Memory: memory}))
	if err := reader.long(r, 100<<20); !errors.Is(err, io.EOF) || memory.most > 4<<20 || memory.used != 0 {
		t.Errorf("%d bytes were reserved, %d still are, error %v", memory.most, memory.used, err)
	}
	reads = 0
	memory.limit = 200 << 10
	if err := reader.long(r, 100<<20); !errors.Is(err, ErrNoMemory) || memory.used != 0 {
		t.Errorf("past the memory there is: %v, with %d bytes reserved", err, memory.used)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A monitor of a server on this node fails at once.
func TestMonitorOfANameIsAnsweredWithNoproc(t *testing.T) {
	a, b := pair(t)
	c := New(a, initiator, Peer{Name: acceptor.Name}, Options{})
	serve(t, c)
	ref := etf.Ref{Node: acceptor.Name, Len: 3, IDs: [5]uint32{1, 2, 3}}
	frame := beginFrame(nil)
	frame = etf.AppendInt(etf.AppendTuple(frame, 4), opMonitorP)
	frame = etf.AppendPid(frame, etf.Pid{Node: acceptor.Name, ID: 9})
	frame = etf.AppendAtom(frame, "some_server")
	frame = etf.AppendRef(frame, ref)
	b.Write(endFrame(frame, 0))

	want := endFrame(appendMonitorExit(beginFrame(nil), etf.Pid{}, "some_server",
		etf.Pid{Node: acceptor.Name, ID: 9}, ref, etf.AppendAtom(nil, "noproc")), 0)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(b, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got % x\nwant % x (%v)", got, want, err)
	}
}

// Spawns beyond the limit are refused.
func TestSpawnPastTheLimit(t *testing.T) {
	c, server := connected(t, Options{}, echo)
	server.processes.running = make(map[uint32]process, maxProcesses)
	for id := range uint32(maxProcesses) {
		server.processes.running[1000+id] = process{cancel: func() {}}
	}
	spawn := Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1}
	_, err := c.Spawn(t.Context(), spawn)
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Reason != "system_limit" {
		t.Errorf("%v, want system_limit", err)
	}
	server.processes.remove(1000)
	if _, err := c.Spawn(t.Context(), spawn); err != nil {
		t.Errorf("when one of them is over: %v", err)
	}
}

// Long answers wait for a peer that reads them late.
func TestAnswersWait(t *testing.T) {
	const calls = 10
	answer := etf.AppendBinary(nil, strings.Repeat("a", maxSignals/2))
	a, b := pair(t)
	server := New(b, acceptor, Peer{Name: initiator.Name}, Options{Handler: func(context.Context, Process) []byte { return answer }})
	serve(t, server)
	from := etf.Pid{Node: initiator.Name, ID: 1}
	for n := range uint32(calls) {
		ref := etf.Ref{Node: initiator.Name, Len: 3, IDs: [5]uint32{n}}
		a.Write(endFrame(append(appendSpawnRequest(beginFrame(nil), ref, from, Spawn{Module: "m", Function: "f", Arity: 1}), list(1)...), 0))
	}
	waittest.Until(t, "the processes are over", func() bool {
		server.processes.mu.Lock()
		defer server.processes.mu.Unlock()
		return server.processes.lastID == server.self.ID+calls && len(server.processes.running) == 0
	})
	if _, err := io.CopyN(io.Discard, a, int64(calls*len(answer))); err != nil {
		t.Error(err, server.Err())
	}
}

// Queued frames leave in one write.
func TestOutboxBatches(t *testing.T) {
	o := newOutbox()
	for i := range 100 {
		o.push(func(b []byte) []byte { return fmt.Appendf(b, "%d,", i) })
	}
	done := make(chan struct{})
	writes := 0
	o.run(writerFunc(func(b []byte) (int, error) {
		if writes++; bytes.Count(b, []byte(",")) != 100 {
			t.Errorf("one write holds %q", b)
		}
		close(done)
		return len(b), nil
	}), done, func() {})
	if writes != 1 {
		t.Errorf("%d writes", writes)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A peer that does not read blocks callers until their contexts end.
func TestOutboxIsBounded(t *testing.T) {
	o := newOutbox()
	o.push(func(b []byte) []byte { return append(b, make([]byte, maxQueued+1)...) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := o.put(ctx, func(b []byte) []byte {
		t.Error("something was queued")
		return b
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A tick is sent after a quarter of the tick time without writes, not later, whenever
// the latest write was.
func TestTicks(t *testing.T) {
	const quarter = 15 * time.Second
	for _, written := range []time.Duration{0, time.Second, quarter / 2, quarter - 1} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			c := New(a, initiator, Peer{}, Options{TickTime: 4 * quarter})
			serve(t, c)
			time.Sleep(written)
			c.signal(func(b []byte) []byte { return b })
			var frame [4 + 3]byte
			if _, err := io.ReadFull(b, frame[:]); err != nil {
				t.Fatal(err)
			}
			for latest := time.Now(); time.Since(latest) < 3*quarter; {
				before := time.Now()
				var tick [4]byte
				if _, err := io.ReadFull(b, tick[:]); err != nil {
					t.Fatal(err)
				}
				if tick != [4]byte{} {
					t.Errorf("% x is no tick", tick)
				}
				if passed := time.Since(before); passed > quarter || passed < quarter*3/4 {
					t.Errorf("after a write at %v the next tick came after %v", written, passed)
				}
				b.Write(tick[:]) // the peer is alive
			}
			go io.Copy(io.Discard, b)
			c.Close()
		})
	}
}

// A peer that is silent for the tick time is disconnected in the last sixteenth of it,
// whenever its latest bytes came.
func TestSilentPeer(t *testing.T) {
	const tickTime = time.Minute
	for _, heard := range []time.Duration{0, 1, tickTime/16 - 1, tickTime / 16, tickTime / 10, tickTime/2 + 1} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			c := New(a, initiator, Peer{}, Options{TickTime: tickTime})
			ended := make(chan error, 1)
			go func() { ended <- c.Serve() }()
			go io.Copy(io.Discard, b)
			time.Sleep(heard)
			b.Write(make([]byte, 4))
			latest := time.Now()
			if err := <-ended; !errors.Is(err, ErrTickTimeout) {
				t.Errorf("%v, want ErrTickTimeout", err)
			}
			if silence := time.Since(latest); silence > tickTime || silence < tickTime*15/16 {
				t.Errorf("after bytes at %v, the peer was disconnected after %v of silence", heard, silence)
			}
		})
	}
}

// A peer lives if it checks for ticks four times in a tick time, as net_kernel does,
// even if each tick is late, and even if it sends in between and the next tick comes
// half a tick time later.
func TestTickingPeer(t *testing.T) {
	const tickTime = time.Minute
	for _, every := range []time.Duration{tickTime / 4, tickTime/4 + tickTime/8, tickTime / 2, tickTime/2 + tickTime/4, tickTime * 14 / 16} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			c := New(a, initiator, Peer{}, Options{TickTime: tickTime})
			serve(t, c)
			go io.Copy(io.Discard, b)
			for range 50 {
				time.Sleep(every)
				if _, err := b.Write(make([]byte, 4)); err != nil {
					t.Fatalf("a peer that sends every %v was disconnected: %v", every, c.Err())
				}
			}
			c.Close()
		})
	}
}
