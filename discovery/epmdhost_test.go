package discovery_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// registration is the registration of a node in EPMD.
type registration struct {
	name    string
	port    uint16
	hidden  bool
	highest uint16 // 0: 6
}

// register registers a node in the EPMD on a loopback port (ALIVE2_REQ), until the test ends
// or unregister is called.
func register(t *testing.T, epmd int, r registration) (unregister func()) {
	t.Helper()
	conn := dial(t, epmd)
	nodeType := byte(77)
	if r.hidden {
		nodeType = 72
	}
	if r.highest == 0 {
		r.highest = 6
	}
	request := []byte{120}
	request = binary.BigEndian.AppendUint16(request, r.port)
	request = append(request, nodeType, 0)
	request = binary.BigEndian.AppendUint16(request, r.highest)
	request = binary.BigEndian.AppendUint16(request, 5)
	request = binary.BigEndian.AppendUint16(request, uint16(len(r.name)))
	request = append(request, r.name...)
	request = append(request, 0, 0)
	send(t, conn, request)

	// ALIVE2_X_RESP with a creation of 4 bytes, or ALIVE2_RESP with one of 2 for version 5.
	answer := make([]byte, 2)
	if _, err := io.ReadFull(conn, answer); err != nil || answer[1] != 0 {
		t.Fatalf("register %q: %v, %v", r.name, answer, err)
	}
	return func() {
		t.Helper()
		conn.Close()
		waittest.Until(t, "EPMD no longer lists "+r.name, func() bool { return !strings.Contains(listed(t, epmd), "name "+r.name+" at ") })
	}
}

// listed returns EPMD's answer to NAMES_REQ.
func listed(t *testing.T, epmd int) string {
	t.Helper()
	conn := dial(t, epmd)
	defer conn.Close()
	send(t, conn, []byte{110})
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func dial(t *testing.T, epmd int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", epmd))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(waittest.Limit))
	return conn
}

func send(t *testing.T, conn net.Conn, request []byte) {
	t.Helper()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(request))), request...)); err != nil {
		t.Fatal(err)
	}
}

// host is a loopback address with a server on the EPMD port.
type host struct {
	addr     netip.AddrPort
	listener net.Listener
	answer   func(net.Conn)
	working  sync.WaitGroup
}

// startHost listens on addr, and calls answer with each connection. It closes the connection
// after answer has returned. Port 0 stands for one that stays free at all addresses of the
// machine, also while the host is stopped.
func startHost(t *testing.T, addr string, answer func(net.Conn)) *host {
	t.Helper()
	h := &host{addr: netip.MustParseAddrPort(addr), answer: answer}
	if h.addr.Port() == 0 {
		free := netip.MustParseAddrPort(beamtest.FreeAddress(t, nil))
		h.addr = netip.AddrPortFrom(h.addr.Addr(), free.Port())
	}
	h.start(t)
	t.Cleanup(h.stop)
	return h
}

func (h *host) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", h.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	h.listener = listener
	h.addr = listener.Addr().(*net.TCPAddr).AddrPort()
	h.working.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			h.working.Go(func() {
				defer conn.Close()
				h.answer(conn)
			})
		}
	})
}

// stop makes the host refuse connections, like a host without EPMD.
func (h *host) stop() {
	h.listener.Close()
	h.working.Wait()
}

// forward serves a host with the real EPMD on a loopback port, so that hosts at several
// addresses have their own EPMDs at the same port.
func forward(t *testing.T, epmd int) func(net.Conn) {
	return func(conn net.Conn) {
		upstream, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", epmd))
		if err != nil {
			t.Error(err)
			return
		}
		defer upstream.Close()
		go func() {
			io.Copy(upstream, conn)
			upstream.Close()
		}()
		io.Copy(conn, upstream)
	}
}

// saying answers every request with the same bytes.
func saying(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		io.WriteString(conn, answer)
	}
}

// namesOf returns the NAMES_RESP for nodes at ports from 40001.
func namesOf(names ...string) string {
	var b strings.Builder
	b.WriteString("\x00\x00\x11\x11")
	for i, name := range names {
		fmt.Fprintf(&b, "name %s at port %d\n", name, 40001+i)
	}
	return b.String()
}

// loopback returns n addresses of this machine.
func loopback(n int) []string {
	var addrs []string
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("127.1.%d.%d", i/200, 1+i%200))
	}
	return addrs
}

// mute reads the request and never answers.
func mute(conn net.Conn) { io.Copy(io.Discard, conn) }

func readRequest(conn net.Conn) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err == nil {
		io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint16(length[:])))
	}
}
