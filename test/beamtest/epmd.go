package beamtest

import (
	"net"
	"strconv"
	"testing"
)

// StartEPMD runs an EPMD of the test's own on a free loopback port, IPv4 and,
// where the machine has it, IPv6, and returns the port once it answers.
func StartEPMD(t testing.TB) (port int) {
	t.Helper()
	const attempts = 5
	for range attempts {
		port, addresses := freePort(t)
		if startEPMD(t, nil, port, addresses) {
			return port
		}
	}
	t.Fatalf("beamtest: no free port for EPMD in %d attempts", attempts)
	return 0
}

// StartEPMDIn runs an EPMD on this port of this address in a namespace, where
// nobody else takes ports.
func StartEPMDIn(t testing.TB, n *Namespace, port int, address string) {
	t.Helper()
	if !startEPMD(t, n, port, address) {
		t.Fatalf("beamtest: EPMD does not listen on %s, port %d", address, port)
	}
}

// startEPMD reports whether EPMD could listen on port: between freePort and
// here another process may have taken it.
func startEPMD(t testing.TB, n *Namespace, port int, addresses string) bool {
	t.Helper()
	// With -d twice it says when it begins to accept.
	cmd, err := command("epmd", "-port", strconv.Itoa(port), "-address", addresses, "-d", "-d")
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, out
	if n.Do(func() { err = cmd.Start() }); err != nil {
		t.Fatalf("beamtest: start epmd: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		out.end()
		close(exited)
	}()
	t.Cleanup(func() { kill(cmd, exited) })
	_, up := out.wait("entering the main select() loop")
	if !up {
		t.Logf("beamtest: epmd on port %d did not start:\n%s", port, out)
	}
	return up
}

// freePort returns a port that nobody listens on, and the loopback addresses,
// separated by comma, on which it is free.
func freePort(t testing.TB) (port int, addresses string) {
	t.Helper()
	v4, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	defer v4.Close()
	port = v4.Addr().(*net.TCPAddr).Port
	v6, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	if err != nil {
		return port, "127.0.0.1"
	}
	v6.Close()
	return port, "127.0.0.1,::1"
}
