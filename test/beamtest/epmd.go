package beamtest

import (
	"net"
	"strconv"
	"testing"
)

// StartEPMD runs the test's own EPMD on a free loopback port, IPv4 and, if the machine
// has it, IPv6. It returns the port once EPMD answers.
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

// StartEPMDIn runs an EPMD on this port of this address in a namespace, where no other
// process takes ports.
func StartEPMDIn(t testing.TB, n *Namespace, port int, address string) {
	t.Helper()
	if !startEPMD(t, n, port, address) {
		t.Fatalf("beamtest: EPMD does not listen on %s, port %d", address, port)
	}
}

// startEPMD reports whether EPMD could listen on port. Another process may have taken
// it since freePort.
func startEPMD(t testing.TB, n *Namespace, port int, addresses string) bool {
	t.Helper()
	// With -d twice, EPMD logs when it begins to accept.
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

// freePort returns a free port, and the loopback addresses on which it is free,
// separated by comma.
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
