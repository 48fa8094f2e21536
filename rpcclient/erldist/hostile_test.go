package erldist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Limits of the connections below, and the maximum memory of one while its peer sends
// many times that.
const (
	hostileMessage   = 1 << 20
	hostileCollected = 4 << 20
	hostileHeap      = 24 << 20
	hostileFlood     = 64 << 20
)

// besieged returns a connection to a peer that sends arbitrary bytes after the
// handshake.
func besieged(t *testing.T) (c *Conn, peer net.Conn, ended <-chan error) {
	a, b := pair(t)
	accepted := accepting(t, b, acceptor)
	introduced, err := Initiate(t.Context(), a, initiator)
	if err != nil {
		t.Fatal(err)
	}
	<-accepted
	c = New(a, initiator, introduced, Options{MaxMessage: hostileMessage, MaxReassembly: hostileCollected})
	served := make(chan error, 1)
	go func() { served <- c.Serve() }()
	return c, b, served
}

// calling begins a call and returns its number and, later, its outcome.
func calling(t *testing.T, c *Conn) (n uint64, answer <-chan error) {
	done := make(chan error, 1)
	c.mu.Lock()
	before := c.nextRef
	c.mu.Unlock()
	go func() {
		_, err := c.Spawn(t.Context(), Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1})
		done <- err
	}()
	waittest.Until(t, "the call has a number", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n = c.nextRef
		return n > before
	})
	return n, done
}

func answerTo(c *Conn, n uint64) []byte {
	return endFrame(appendMonitorExit(beginFrame(nil), etf.Pid{Node: "n"}, "", c.self, c.ref(n), list(1)), 0)
}

// frameOf puts a length before the bytes of a frame.
func frameOf(b ...byte) []byte { return endFrame(append(make([]byte, 4), b...), 0) }

// fragmentOf is a fragment of a sequence; for the first, payload begins with the
// number of atom cache references.
func fragmentOf(tag byte, sequence, id uint64, payload ...byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 0, 131, tag}, sequence)
	return endFrame(append(binary.BigEndian.AppendUint64(b, id), payload...), 0)
}

// exitOf is the start of the first fragment of an answer to call n.
func exitOf(c *Conn, n uint64) []byte {
	return appendMonitorExit([]byte{0}, etf.Pid{Node: "n"}, "", c.self, c.ref(n), nil)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The bytes of a peer are either skipped, in little memory, or end the connection with
// an error that names the offset.
func TestHostilePeer(t *testing.T) {
	const many = 1<<64 - 1 // fragments to come
	const pieceSize = 64 << 10
	piece := make([]byte, pieceSize)
	repeat := func(w io.Writer, frame []byte, total int) {
		for range total / len(frame) {
			w.Write(frame)
		}
	}
	for _, tt := range []struct {
		name string
		// flood is harmless to the connection, with call 1 pending.
		flood func(w io.Writer, c *Conn)
		// tooLarge: the flood ends call 1 with a TooLargeError.
		tooLarge bool
		// last ends the connection, with a FrameError at offset. Nil: nothing does.
		last   func(c *Conn) []byte
		offset int
	}{
		{name: "garbage", last: func(*Conn) []byte { return []byte("GET / HTTP/1.1\r\n\r\n") }, offset: 0},
		{name: "garbage in a frame", last: func(*Conn) []byte { return frameOf([]byte("no term at all")...) }, offset: 0},
		{name: "giant length", last: func(*Conn) []byte { return []byte{0xff, 0xff, 0xff, 0xff} }, offset: 0},
		{name: "length past the limit", last: func(*Conn) []byte { return binary.BigEndian.AppendUint32(nil, hostileMessage+1) }, offset: 0},
		{name: "giant atom", last: func(*Conn) []byte { return frameOf(131, tagNormal, 1, 0x18, 0, 0xff, 0xff, 'a') }, offset: 7},
		{name: "atom cache reference never sent", last: func(*Conn) []byte { return frameOf(131, tagNormal, 1, 0, 9, 104, 1, 97, 99) }, offset: 4},
		{name: "atom outside the references", last: func(*Conn) []byte { return frameOf(131, tagNormal, 0, 104, 2, 97, opSpawnReply, 82, 9) }, offset: 3},
		{name: "giant tuple", last: func(*Conn) []byte { return frameOf(131, tagNormal, 0, 105, 0xff, 0xff, 0xff, 0xff, 97, 99) }, offset: 3},
		{name: "giant list of options", last: func(c *Conn) []byte {
			b := appendSpawnRequest([]byte{131, tagNormal, 0}, c.ref(1), c.self, Spawn{Module: "m", Function: "f"})
			b = bytes.TrimSuffix(b, etf.AppendNil(etf.AppendAtom(etf.AppendList(nil, 1), "monitor")))
			return frameOf(append(b, 108, 0xff, 0xff, 0xff, 0xff)...)
		}, offset: 116},
		{name: "frames without bytes, for ever", flood: func(w io.Writer, _ *Conn) { repeat(w, make([]byte, 4<<10), hostileFlood/4) }},
		{name: "unknown control messages", flood: func(w io.Writer, _ *Conn) {
			repeat(w, frameOf(131, tagNormal, 0, 104, 3, 97, 99, 106, 106), hostileFlood/16)
		}},
		{name: "answers to no call", flood: func(w io.Writer, c *Conn) { repeat(w, answerTo(c, 77), hostileFlood/8) }},
		{name: "long frames", flood: func(w io.Writer, _ *Conn) {
			repeat(w, frameOf(append([]byte{131, tagNormal, 0, 104, 2, 97, 99, 109, 0, 0, 0, 0}, make([]byte, hostileMessage-12)...)...), hostileFlood)
		}},
		{name: "deep terms", flood: func(w io.Writer, _ *Conn) {
			const depth = 150_000
			deep := append([]byte{131, tagNormal, 0, 104, 2, 97, 99}, bytes.Repeat([]byte{108, 0, 0, 0, 1}, depth)...)
			repeat(w, frameOf(append(append(deep, 106), bytes.Repeat([]byte{106}, depth)...)...), hostileFlood/4)
		}},
		{name: "new atoms, for ever", flood: func(w io.Writer, _ *Conn) {
			for n := range uint32(hostileFlood / 4 / 1000) {
				atom := binary.BigEndian.AppendUint32(nil, n&0x7f7f7f7f)
				atom = append(atom, bytes.Repeat([]byte("a"), 996)...)
				w.Write(frameOf(slices.Concat([]byte{131, tagNormal, 1, 0x18 | byte(n&7), byte(n >> 3), 1000 >> 8, 1000 & 0xff}, atom, []byte{104, 1, 97, 99})...))
			}
		}},
		{name: "endless answer", tooLarge: true, flood: func(w io.Writer, c *Conn) {
			w.Write(fragmentOf(tagFragment, 1, many, append(exitOf(c, 1), piece...)...))
			for id := uint64(many - 1); id > many-hostileFlood/pieceSize; id-- {
				w.Write(fragmentOf(tagContinuation, 1, id, piece...))
			}
		}},
		{name: "endless answer in crumbs", tooLarge: true, flood: func(w io.Writer, c *Conn) {
			w.Write(fragmentOf(tagFragment, 1, many, exitOf(c, 1)...))
			for id := uint64(many - 1); id > many-hostileMessage-10; id-- {
				w.Write(fragmentOf(tagContinuation, 1, id, 0))
			}
		}},
		{name: "fragments without bytes, for ever", flood: func(w io.Writer, c *Conn) {
			w.Write(fragmentOf(tagFragment, 1, many, exitOf(c, 1)...))
			for id := uint64(many - 1); id > many-500_000; id-- {
				w.Write(fragmentOf(tagContinuation, 1, id))
			}
		}},
		{name: "one answer begun for ever", tooLarge: true, flood: func(w io.Writer, c *Conn) {
			for sequence := range uint64(maxAssemblies) {
				w.Write(fragmentOf(tagFragment, sequence, many, append(exitOf(c, 1), piece[:1000]...)...))
			}
		}, last: func(c *Conn) []byte { return fragmentOf(tagFragment, maxAssemblies, many, exitOf(c, 1)...) }, offset: 2},
		{name: "messages to nobody begun for ever", flood: func(w io.Writer, c *Conn) {
			for sequence := range uint64(maxAssemblies) {
				w.Write(fragmentOf(tagFragment, sequence, many, append([]byte{0, 104, 1, 97, 99}, piece[:1000]...)...))
			}
		}, last: func(c *Conn) []byte { return fragmentOf(tagFragment, maxAssemblies, many, 0, 104, 1, 97, 99) }, offset: 2},
		{name: "fragments out of order", flood: func(w io.Writer, c *Conn) {
			w.Write(fragmentOf(tagFragment, 1, 3, exitOf(c, 1)...))
		}, last: func(*Conn) []byte { return fragmentOf(tagContinuation, 1, 1) }, offset: 10},
		{name: "fragment of an unknown sequence", last: func(*Conn) []byte { return fragmentOf(tagContinuation, 1, 1) }, offset: 2},
		{name: "fragment past the last", last: func(*Conn) []byte { return fragmentOf(tagFragment, 1, 0, 0, 104, 1, 97, 99) }, offset: 10},
		{name: "sequence begun twice", flood: func(w io.Writer, c *Conn) {
			w.Write(fragmentOf(tagFragment, 1, 3, exitOf(c, 1)...))
		}, last: func(c *Conn) []byte { return fragmentOf(tagFragment, 1, 3, exitOf(c, 1)...) }, offset: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer, ended := besieged(t)
			_, first := calling(t, c)
			before := heapInUse()
			w := bufio.NewWriterSize(peer, 1<<20)
			if tt.flood != nil {
				tt.flood(w, c)
			}
			// The answer to a call shows that the flood has been read.
			n, second := calling(t, c)
			w.Write(answerTo(c, n))
			w.Flush()
			if err := <-second; err != nil {
				t.Fatalf("a call after the flood: %v", err)
			}
			if took := heapInUse() - before; took > hostileHeap {
				t.Errorf("%d bytes are in use after the flood, want at most %d", took, hostileHeap)
			}
			if tt.tooLarge {
				var large *TooLargeError
				if err := <-first; !errors.As(err, &large) {
					t.Errorf("the call under way: %v, want a TooLargeError", err)
				}
			}
			if tt.last == nil {
				peer.Write(answerTo(c, 1))
				if !tt.tooLarge {
					if err := <-first; err != nil {
						t.Errorf("the call under way: %v", err)
					}
				}
				peer.Close()
				<-ended
				return
			}
			peer.Write(tt.last(c))
			var bad *FrameError
			if err := <-ended; !errors.As(err, &bad) || bad.Offset != tt.offset {
				t.Errorf("%v, want a FrameError at byte %d", err, tt.offset)
			}
			var lost *LostError
			if !tt.tooLarge {
				if err := <-first; !errors.As(err, &lost) || !errors.As(err, &bad) {
					t.Errorf("the call under way: %v, want a LostError by the FrameError", err)
				}
			}
		})
	}
}

// An incomplete frame answers no call.
func TestHostilePeerClosesWithinAFrame(t *testing.T) {
	for _, length := range []int{10, readBuffer + 10} {
		c, peer, ended := besieged(t)
		_, answer := calling(t, c)
		peer.Write(frameOf(make([]byte, length)...)[:length])
		peer.(*net.TCPConn).CloseWrite()
		if err := <-ended; !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("half a frame of %d bytes: %v", length, err)
		}
		var lost *LostError
		if err := <-answer; !errors.As(err, &lost) {
			t.Errorf("half a frame of %d bytes: the call ended with %v", length, err)
		}
	}
}

// A peer that causes replies and reads none of them is disconnected before they fill
// the memory.
func TestHostilePeerDoesNotRead(t *testing.T) {
	from := etf.Pid{Node: acceptor.Name, ID: 9}
	ref := etf.Ref{Node: acceptor.Name, Len: 3}
	monitor := etf.AppendInt(etf.AppendTuple(beginFrame(nil), 4), opMonitorP)
	monitor = etf.AppendRef(etf.AppendAtom(etf.AppendPid(monitor, from), "some_server"), ref)
	for name, frame := range map[string][]byte{
		"spawns":   endFrame(appendSpawnRequest(beginFrame(nil), ref, from, Spawn{Module: "m", Function: "f", Args: list(1), Arity: 1}), 0),
		"monitors": endFrame(monitor, 0),
	} {
		t.Run(name, func(t *testing.T) {
			c, peer, ended := besieged(t)
			_, answer := calling(t, c)
			before := heapInUse()
			batch := bytes.Repeat(frame, 1000)
			for sent := 0; ; sent += len(batch) {
				if _, err := peer.Write(batch); err != nil {
					break
				}
				if sent > 1<<30 {
					t.Fatal("the peer could send a gigabyte")
				}
			}
			if err := <-ended; !errors.Is(err, ErrNotReading) {
				t.Errorf("%v, want ErrNotReading", err)
			}
			if err := <-answer; !errors.Is(err, ErrNotReading) {
				t.Errorf("the call under way: %v, want ErrNotReading", err)
			}
			if took := heapInUse() - before; took > maxSignals+hostileHeap {
				t.Errorf("%d bytes are in use", took)
			}
			runtime.KeepAlive(c)
		})
	}
}

// A peer that reads the replies may cause any number of them.
func TestManyMonitorsThatAreRead(t *testing.T) {
	_, peer, _ := besieged(t)
	monitor := etf.AppendInt(etf.AppendTuple(beginFrame(nil), 4), opMonitorP)
	monitor = etf.AppendAtom(etf.AppendPid(monitor, etf.Pid{Node: acceptor.Name, ID: 9}), "some_server")
	monitor = endFrame(etf.AppendRef(monitor, etf.Ref{Node: acceptor.Name, Len: 3}), 0)
	const batches = 300
	batch := bytes.Repeat(monitor, 1000)
	if want := 3 * maxSignals; batches*len(batch) < want {
		t.Fatalf("%d bytes of monitors are no test of a bound of %d", batches*len(batch), want)
	}
	for n := range batches {
		if _, err := peer.Write(batch); err != nil {
			t.Fatalf("batch %d: %v", n, err)
		}
		// The reply {28, Name, To, Ref, noproc} is one atom longer than the monitor.
		replies := int64(len(batch) + 1000*len(etf.AppendAtom(nil, "noproc")))
		if _, err := io.CopyN(io.Discard, peer, replies); err != nil {
			t.Fatalf("replies to batch %d: %v", n, err)
		}
	}
}

// A handshake ends with its context, or earlier if the peer speaks another protocol.
func TestHostileHandshake(t *testing.T) {
	const patience = 7 * time.Second
	rnd := rand.New(rand.NewPCG(1, 2))
	garbage := make([]byte, 1<<16)
	for i := range garbage {
		garbage[i] = byte(rnd.Uint32())
	}
	challenge := uint32(7)
	hello := appendName([]byte{'N'}, acceptor, &challenge)
	late := context.DeadlineExceeded
	for _, tt := range []struct {
		name             string
		sends            []byte
		every            time.Duration // between bytes
		initiate, accept error
	}{
		{name: "nothing", initiate: late, accept: late},
		{name: "garbage", sends: garbage, initiate: ErrProtocol, accept: ErrProtocol},
		{name: "longest length and no more", sends: []byte{0xff, 0xff}, initiate: late, accept: late},
		{name: "longest message", sends: append([]byte{0xff, 0xff}, make([]byte, 1<<16)...), initiate: ErrProtocol, accept: ErrProtocol},
		{name: "empty messages", sends: make([]byte, 1<<16), initiate: ErrProtocol, accept: ErrProtocol},
		{name: "half a length", sends: []byte{0}, initiate: late, accept: late},
		{name: "long status", sends: handshakePackets("s" + string(garbage[:60_000])), initiate: ErrProtocol, accept: ErrProtocol},
		{name: "slow status", sends: handshakePackets("sok"), every: 2 * time.Second, initiate: late, accept: late},
		{name: "slow name", sends: handshakePackets(string(appendName([]byte{'N'}, acceptor, nil))), every: time.Second, initiate: late, accept: late},
		{name: "slow challenge", sends: handshakePackets("sok", string(hello)), every: time.Second, initiate: late, accept: ErrProtocol},
		{name: "no challenge", sends: handshakePackets("sok"), initiate: late, accept: ErrProtocol},
		{name: "no name", sends: handshakePackets("sok", string(hello[:17])+"\x00\x00"), initiate: ErrProtocol, accept: ErrProtocol},
		{name: "name longer than its message", sends: handshakePackets("sok", string(hello[:17])+"\xff\xffa@b"), initiate: ErrProtocol, accept: ErrProtocol},
		{name: "no acknowledgement", sends: handshakePackets("sok", string(hello)), initiate: late, accept: ErrProtocol},
		{name: "wrong acknowledgement", sends: handshakePackets("sok", string(hello), "a0123456789abcdef"), initiate: ErrCookie, accept: ErrProtocol},
	} {
		for _, side := range []struct {
			name  string
			shake func(context.Context, net.Conn, Node) (Peer, error)
			want  error
		}{{"Initiate", Initiate, tt.initiate}, {"Accept", Accept, tt.accept}} {
			t.Run(tt.name+"/"+side.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := net.Pipe()
					var peer sync.WaitGroup
					peer.Go(func() { io.Copy(io.Discard, b) })
					peer.Go(func() {
						step := len(tt.sends)
						if tt.every > 0 {
							step = 1
						}
						for chunk := range slices.Chunk(tt.sends, max(step, 1)) {
							time.Sleep(tt.every)
							if _, err := b.Write(chunk); err != nil {
								return
							}
						}
					})
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					began := time.Now()
					_, err := side.shake(ctx, a, initiator)
					var failure *HandshakeError
					if !errors.As(err, &failure) || !errors.Is(err, side.want) {
						t.Errorf("%v, want a HandshakeError for %v", err, side.want)
					}
					if took := time.Since(began); took > patience {
						t.Errorf("it took %v of %v", took, patience)
					}
					a.Close()
					b.Close()
					peer.Wait()
				})
			})
		}
	}
}
