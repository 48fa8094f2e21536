package nonblock_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/nonblock"
	"github.com/louche-graphql/louche/internal/waittest"
)

// dial returns both ends of a connection with small buffers.
func dial(t testing.TB) (ours, peer *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	ours, peer = dialled.(*net.TCPConn), accepted.(*net.TCPConn)
	for _, conn := range []*net.TCPConn{ours, peer} {
		conn.SetReadBuffer(128 << 10)
		conn.SetWriteBuffer(128 << 10)
	}
	return ours, peer
}

func TestWrap(t *testing.T) {
	ours, _ := dial(t)
	if nonblock.Wrap(ours) == net.Conn(ours) && runtime.GOOS == "linux" {
		t.Error("a TCP connection is not wrapped")
	}
	if pipe, _ := net.Pipe(); nonblock.Wrap(pipe) != pipe {
		t.Error("a connection that is no socket is wrapped")
	}
}

// Bytes arrive complete and in order, in both directions at once, whatever the sizes of reads
// and writes are.
func TestTransfer(t *testing.T) {
	ours, peer := dial(t)
	conn := nonblock.Wrap(ours)
	var running sync.WaitGroup
	for name, ends := range map[string]struct {
		from, to net.Conn
		done     func() error
	}{
		"write": {conn, peer, ours.CloseWrite},
		"read":  {peer, conn, peer.CloseWrite},
	} {
		sent := make([]byte, 8<<20)
		rand.NewChaCha8([32]byte{}).Read(sent)
		running.Go(func() {
			for rest := sent; len(rest) > 0; {
				size := min(1+rand.N(1<<rand.N(20)), len(rest))
				if n, err := ends.from.Write(rest[:size]); n != size || err != nil {
					t.Errorf("%s: Write of %d bytes = %d, %v", name, size, n, err)
					break
				}
				rest = rest[size:]
			}
			ends.done()
		})
		running.Go(func() {
			var received bytes.Buffer
			for {
				b := make([]byte, 1+rand.N(1<<rand.N(18)))
				n, err := ends.to.Read(b)
				received.Write(b[:n])
				if err == io.EOF {
					break
				} else if n == 0 || err != nil {
					t.Errorf("%s: Read = %d, %v", name, n, err)
					break
				}
			}
			if !bytes.Equal(received.Bytes(), sent) {
				t.Errorf("%s: %d bytes arrived, not the %d that were sent", name, received.Len(), len(sent))
			}
		})
	}
	running.Wait()
}

// The bytes of one Write stay together.
func TestConcurrentWrites(t *testing.T) {
	ours, peer := dial(t)
	conn := nonblock.Wrap(ours)
	const size = 200 << 10
	var writing sync.WaitGroup
	for letter := byte('a'); letter <= 'd'; letter++ {
		writing.Go(func() {
			if _, err := conn.Write(bytes.Repeat([]byte{letter}, size)); err != nil {
				t.Error(err)
			}
		})
	}
	go func() {
		writing.Wait()
		ours.CloseWrite()
	}()
	received, err := io.ReadAll(peer)
	if err != nil || len(received) != 4*size {
		t.Fatalf("%d bytes, %v", len(received), err)
	}
	for i := 0; i < len(received); i += size {
		if part := received[i : i+size]; bytes.Count(part, part[:1]) != size {
			t.Errorf("the bytes of writes are mixed after %d bytes", i)
		}
	}
}

func TestConcurrentReads(t *testing.T) {
	ours, peer := dial(t)
	conn := nonblock.Wrap(ours)
	const size = 1 << 20
	counts := make(chan int, 4)
	for range cap(counts) {
		go func() {
			received, err := io.ReadAll(conn)
			if err != nil {
				t.Error(err)
			}
			counts <- len(received)
		}()
	}
	peer.Write(make([]byte, size))
	peer.CloseWrite()
	total := 0
	for range cap(counts) {
		total += waittest.Receive(t, "end of a reader", counts)
	}
	if total != size {
		t.Errorf("%d bytes arrived, not %d", total, size)
	}
}

// more is more than both ends of a connection buffer, in bytes.
const more = 8 << 20

// fill writes to conn until the peer, which does not read, takes no more.
func fill(conn net.Conn) (n int, err error) {
	b := make([]byte, more)
	for n == 0 { // on a slow machine, the deadline may pass before the first byte
		conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err = conn.Write(b)
	}
	return n, err
}

// Every error is the one of the plain connection: its text, type and causes.
func TestErrors(t *testing.T) {
	for name, provoke := range map[string]func(conn net.Conn, ours, peer *net.TCPConn) (int, error){
		"read of a finished stream": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			peer.CloseWrite()
			return conn.Read(make([]byte, 1))
		},
		"read after Close": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.Close()
			return conn.Read(make([]byte, 1))
		},
		"write after Close": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.Close()
			return conn.Write(make([]byte, 1))
		},
		"read of nothing": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			return conn.Read(nil)
		},
		"write of nothing": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			return conn.Write(nil)
		},
		"read of nothing after Close": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.Close()
			return conn.Read(nil)
		},
		"write of nothing after Close": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.Close()
			return conn.Write(nil)
		},
		"read after CloseRead": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			ours.CloseRead()
			return conn.Read(make([]byte, 1))
		},
		"write after CloseWrite": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			ours.CloseWrite()
			return conn.Write(make([]byte, 1))
		},
		"read after a reset": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			peer.SetLinger(0)
			peer.Close()
			return conn.Read(make([]byte, 1))
		},
		"write after a reset": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			peer.SetLinger(0)
			peer.Close()
			ours.Read(make([]byte, 1)) // the reset has come
			return conn.Write(make([]byte, 1))
		},
		"read after its deadline": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			peer.Write([]byte("unread"))
			conn.SetReadDeadline(time.Now().Add(-time.Second))
			return conn.Read(make([]byte, 1))
		},
		"write after its deadline": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.SetWriteDeadline(time.Now().Add(-time.Second))
			return conn.Write(make([]byte, 1))
		},
		"read until its deadline": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			return conn.Read(make([]byte, 1))
		},
		"write until its deadline": func(conn net.Conn, ours, peer *net.TCPConn) (int, error) {
			n, err := fill(conn)
			if n == more {
				t.Errorf("%T wrote %d bytes until its deadline", conn, n)
			}
			return 0, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, peer := dial(t)
			wantN, want := provoke(ours, ours, peer)
			wantText := withoutAddresses(want, ours)
			ours, peer = dial(t)
			n, err := provoke(nonblock.Wrap(ours), ours, peer)
			if text := withoutAddresses(err, ours); n != wantN || text != wantText {
				t.Errorf("%d, %s; the plain connection has %d, %s", n, text, wantN, wantText)
			}
			for _, cause := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE} {
				if errors.Is(err, cause) != errors.Is(want, cause) {
					t.Errorf("Is(%v, %v) = %t", err, cause, errors.Is(err, cause))
				}
			}
			isTimeout := func(err error) bool { e, ok := err.(net.Error); return ok && e.Timeout() }
			if isTimeout(err) != isTimeout(want) {
				t.Errorf("Timeout of %v is %t", err, isTimeout(err))
			}
		})
	}
}

func withoutAddresses(err error, conn *net.TCPConn) string {
	if err == nil {
		return "no error"
	}
	return strings.NewReplacer(conn.LocalAddr().String(), "here", conn.RemoteAddr().String(), "there").Replace(err.Error())
}

// A passed deadline, once moved, leaves the connection usable.
func TestDeadlineMoved(t *testing.T) {
	ours, peer := dial(t)
	conn := nonblock.Wrap(ours)
	written, _ := fill(conn)
	conn.SetDeadline(time.Now().Add(time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %d, %v", n, err)
	}
	conn.SetDeadline(time.Time{})
	done := make(chan error, 1)
	go func() {
		_, err := conn.Write([]byte("the end"))
		ours.CloseWrite()
		done <- err
	}()
	received, _ := io.ReadAll(peer)
	if err := waittest.Receive(t, "end of the write", done); err != nil || len(received) != written+len("the end") {
		t.Errorf("%d bytes arrived after %d and 7 were written: %v", len(received), written, err)
	}
	peer.Write([]byte("x"))
	if n, err := conn.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Errorf("Read = %d, %v", n, err)
	}
}

// Close, and a deadline set by another goroutine, end the reads and writes that wait.
func TestInterrupts(t *testing.T) {
	for name, tt := range map[string]struct {
		interrupt func(net.Conn) error
		want      error
	}{
		"Close":       {net.Conn.Close, net.ErrClosed},
		"SetDeadline": {func(c net.Conn) error { return c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			ours, _ := dial(t)
			conn := nonblock.Wrap(ours)
			fill(conn)
			conn.SetDeadline(time.Time{})
			errs := make(chan error, 6)
			for range 3 {
				go func() {
					_, err := conn.Read(make([]byte, 1))
					errs <- err
				}()
				go func() {
					_, err := conn.Write(make([]byte, 1<<20))
					errs <- err
				}()
			}
			for waiting := 0; waiting < 2; { // one reader and one writer; the others wait for them
				waiting = waitingForNetwork()
				runtime.Gosched()
			}
			tt.interrupt(conn)
			for range cap(errs) {
				if err := waittest.Receive(t, "end of a call", errs); !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
			}
		})
	}
}

// waitingForNetwork counts the goroutines of this package's connections that wait.
func waitingForNetwork() (n int) {
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "[IO wait") && (strings.Contains(stack, "RawRead") || strings.Contains(stack, "RawWrite")) {
			n++
		}
	}
	return n
}

func BenchmarkRoundTrip(b *testing.B) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"net":      func(c net.Conn) net.Conn { return c },
		"nonblock": nonblock.Wrap,
	} {
		b.Run(name, func(b *testing.B) {
			ours, peer := dial(b)
			conn := wrap(ours)
			go io.Copy(peer, struct{ io.Reader }{peer})
			message := make([]byte, 256)
			b.ReportAllocs()
			for b.Loop() {
				conn.Write(message)
				if _, err := io.ReadFull(conn, message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
