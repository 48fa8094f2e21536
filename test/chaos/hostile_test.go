package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// hostile is a node that EPMD lists like any other. It knows the cookie.
type hostile struct{ name string }

// startHostile registers a node whose connections are handled by serve, until the
// returned function is called.
func startHostile(t *testing.T, epmd int, name string, serve func(h *hostile, conn net.Conn)) (stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registered := register(t, epmd, name, l.Addr().(*net.TCPAddr).Port)
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				defer conn.Close()
				serve(&hostile{name + "@127.0.0.1"}, conn)
			})
		}
	})
	stop = func() {
		cancel()
		registered.Close()
		l.Close()
		serving.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// register registers a node in EPMD for the life of the connection: ALIVE2_REQ.
func register(t *testing.T, epmd int, name string, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", epmd))
	if err != nil {
		t.Fatal(err)
	}
	request := binary.BigEndian.AppendUint16([]byte{120}, uint16(port))
	request = append(request, 77, 0, 0, 6, 0, 6) // a visible node over TCP, versions 6 to 6
	request = binary.BigEndian.AppendUint16(request, uint16(len(name)))
	request = append(append(request, name...), 0, 0)
	conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(request))), request...))
	answer := make([]byte, 2)
	if _, err := io.ReadFull(conn, answer); err != nil || answer[1] != 0 {
		t.Fatalf("EPMD refuses %s: %v %v", name, answer, err)
	}
	return conn
}

// handshake is the handshake of the accepting side.
func (h *hostile) handshake(conn net.Conn) (erldist.Node, erldist.Peer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Limit)
	defer cancel()
	local := erldist.Node{Name: h.name, Creation: rand.Uint32() | 4, Cookie: beamtest.DefaultCookie, Flags: erldist.HiddenFlags | erldist.FlagPublished}
	peer, err := erldist.Accept(ctx, conn, local)
	return local, peer, err
}

// afterHandshake writes bytes right after the handshake and then waits for the end of
// the connection.
func afterHandshake(write func(conn net.Conn)) func(*hostile, net.Conn) {
	return func(h *hostile, conn net.Conn) {
		if _, _, err := h.handshake(conn); err != nil {
			return
		}
		go write(conn)
		io.Copy(io.Discard, conn)
	}
}

// callable passes the gateway's checks of a node. Then it answers operations and
// questions about the schema with answer, or, if that is nil, not at all.
func callable(answer func() (value []byte)) func(*hostile, net.Conn) {
	return func(h *hostile, conn net.Conn) {
		local, peer, err := h.handshake(conn)
		if err != nil {
			return
		}
		erldist.New(conn, local, peer, erldist.Options{Handler: func(ctx context.Context, p erldist.Process) []byte {
			d := etf.NewDecoder(p.Args) // [Ref, Module, Function, Args]
			d.List()
			ref, _ := d.Ref()
			module, _ := d.Atom()
			var value []byte
			switch module {
			case "erlang": // whereis(user)
				value = etf.AppendPid(nil, etf.Pid{Node: h.name, ID: 1, Creation: local.Creation})
			case "init": // get_status()
				value = etf.AppendAtom(etf.AppendAtom(etf.AppendTuple(nil, 2), "started"), "started")
			case "code": // ensure_loaded(Schema)
				value = etf.AppendAtom(etf.AppendAtom(etf.AppendTuple(nil, 2), "module"), "Elixir.TestApp.Schema")
			default:
				if value = answer(); value == nil {
					<-ctx.Done()
				}
			}
			return append(etf.AppendAtom(etf.AppendRef(etf.AppendTuple(nil, 3), ref), "return"), value...)
		}}).Serve()
	}
}

// writing is callable with bytes that are written in the middle of the first
// operation. Nothing follows them: no answer and no tick.
func writing(write func(conn net.Conn)) func(*hostile, net.Conn) {
	return func(h *hostile, conn net.Conn) {
		g := &mutedConn{Conn: conn}
		callable(func() []byte {
			if g.gag.CompareAndSwap(false, true) {
				write(conn)
			}
			return nil
		})(h, g)
	}
}

// mutedConn is a connection that discards writes once gag is set.
type mutedConn struct {
	net.Conn
	gag atomic.Bool
}

func (g *mutedConn) Write(b []byte) (int, error) {
	if g.gag.Load() {
		return len(b), nil
	}
	return g.Conn.Write(b)
}

// frame is a message with a distribution header without atoms.
func frame(control ...byte) []byte {
	body := append([]byte{131, 68, 0}, control...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// fragment is the first (69) or a later (70) fragment of a message.
func fragment(tag byte, sequence, id uint64, body ...byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{131, tag}, sequence)
	b = append(binary.BigEndian.AppendUint64(b, id), body...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// send is {6, pid, ”, registered_name}, a message to a process that does not exist.
var send = etf.AppendAtom(etf.AppendAtom(etf.AppendPid(etf.AppendInt(etf.AppendTuple(nil, 4), 6), etf.Pid{Node: "x@y", ID: 1, Creation: 4}), ""), "nobody")

const (
	hostileTickTime = 8 * time.Second
	// hostileTime is the duration of behaviour that need not end the connection.
	hostileTime = 2 * time.Second
)

// keepWriting repeats b until hostileTime is over, then closes.
func keepWriting(conn net.Conn, b []byte) {
	b = bytes.Repeat(b, 1+65536/len(b))
	for end := time.Now().Add(hostileTime); time.Now().Before(end); {
		if _, err := conn.Write(b); err != nil {
			return
		}
	}
	conn.Close()
}

// One node among three sends garbage and floods. Queries to the others, and those sent
// to it, are answered, and the gateway's memory stays bounded.
func TestHostilePeer(t *testing.T) {
	noise := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{3}).Read(noise)

	for i, tt := range []struct {
		name   string
		serve  func(*hostile, net.Conn)
		reason string // in the gateway's log
	}{
		{"noise for a handshake", func(_ *hostile, conn net.Conn) {
			conn.Write(noise)
			io.Copy(io.Discard, conn)
		}, "handshake"},
		{"noise after the handshake", afterHandshake(func(conn net.Conn) { conn.Write(noise) }), "reason="},
		{"noise in a frame", writing(func(conn net.Conn) {
			conn.Write(append([]byte{0, 1, 0, 0}, noise[:65536]...))
		}), "bad frame"},
		{"giant length", writing(func(conn net.Conn) { conn.Write([]byte{255, 255, 255, 255, 131, 68, 0}) }), "length 4294967295"},
		{"a frame without an end", writing(func(conn net.Conn) {
			conn.Write(append([]byte{3, 255, 255, 255, 131, 68, 0}, noise...))
		}), "silent"},
		{"messages without an end", writing(func(conn net.Conn) {
			begin := append([]byte{0}, send...)
			out := bufio.NewWriterSize(conn, 64<<10)
			for sequence := uint64(1); ; sequence++ {
				if _, err := out.Write(fragment(69, sequence, 1<<60, begin...)); err != nil {
					return
				}
			}
		}), "fragmented messages"},
		{"a message without an end", writing(func(conn net.Conn) {
			conn.Write(fragment(69, 1, 1<<60, append([]byte{0}, send...)...))
			for id, end := uint64(1<<60-1), time.Now().Add(hostileTime); time.Now().Before(end); id-- {
				if _, err := conn.Write(fragment(70, 1, id, noise[:65536]...)); err != nil {
					return
				}
			}
			conn.Close()
		}), "reason="},
		{"deep terms", writing(func(conn net.Conn) {
			conn.Write(frame(append(bytes.Repeat([]byte{104, 1}, 16<<20), 106)...))
		}), "bad frame"},
		{"deep message", writing(func(conn net.Conn) {
			keepWriting(conn, frame(append(append([]byte(nil), send...), bytes.Repeat([]byte{104, 1}, 1<<20)...)...))
		}), "reason="},
		{"a flood of messages to nobody", writing(func(conn net.Conn) { keepWriting(conn, frame(send...)) }), "reason="},
		{"a flood of unknown operations", writing(func(conn net.Conn) { keepWriting(conn, frame(104, 1, 97, 99)) }), "reason="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := startFleet(t, 2, 10*time.Millisecond)
			s := f.settings(longTimeout)
			s.node = fmt.Sprintf(", net_ticktime: %v", hostileTickTime)
			g := startGateway(t, nil, s)
			g.waitConnected(t, 2)
			before := g.status(t).MemoryBytes

			l := g.offer(g.rate(t, 100), 0, "/graphql", func(int) string { return operation(`{ counter pace }`) })
			l.waitAnswered(t, 50) // so that the budget allows retries
			name := fmt.Sprintf("testapp-hostile%d", i)
			stop := startHostile(t, f.epmd, name, tt.serve)
			var line string
			memory := before
			took := eventually(t, "the gateway says why it has no connection", func() bool {
				memory = max(memory, g.status(t).MemoryBytes)
				line = g.log.line(name, tt.reason)
				return line != ""
			})
			o := l.end()
			stop()
			t.Logf("figures: logged after %v: %s; memory %d MiB, at most %d MiB; queries: %v", took, line, before>>20, memory>>20, o)
			if failed := o.failed(); len(failed) > 0 {
				t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
			}
			if memory > before+hostileMemory {
				t.Errorf("memory grew from %d to %d MiB", before>>20, memory>>20)
			}
		})
	}
}

// hostileMemory exceeds the largest accepted frame.
const hostileMemory = 192 << 20

// Answers that no application gives end only their call.
func TestHostileAnswers(t *testing.T) {
	for i, tt := range []struct {
		name  string
		value func() []byte
	}{
		{"deep", func() []byte {
			b := etf.AppendAtom(etf.AppendMap(etf.AppendAtom(etf.AppendTuple(nil, 2), "ok"), 1), "data")
			return append(append(b, bytes.Repeat([]byte{104, 1}, 4<<20)...), 106)
		}},
		{"cut short", func() []byte { return etf.AppendAtom(etf.AppendTuple(nil, 2), "ok") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := startFleet(t, 0, 0)
			g := startGateway(t, nil, f.settings(longTimeout))
			value := tt.value()
			startHostile(t, f.epmd, fmt.Sprintf("testapp-hostile%d", i), callable(func() []byte { return value }))
			g.waitConnected(t, 1)
			began := time.Now()
			status, _, body := g.ask(t, `{ counter }`)
			t.Logf("figures: %d %s after %v, memory %d MiB", status, strings.TrimSpace(body), time.Since(began), g.status(t).MemoryBytes>>20)
			if code := errorCode([]byte(body)); status != http.StatusInternalServerError || code != "INTERNAL" {
				t.Errorf("%d %s, want 500 INTERNAL", status, code)
			}
			if len(g.status(t).connected(0)) != 1 {
				t.Error("the connection is lost")
			}
		})
	}
}
