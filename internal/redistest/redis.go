// Package redistest runs a real Redis for tests, on a loopback address and without files.
package redistest

import (
	"bytes"
	"net"
	"os/exec"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/porttest"
	"github.com/louche-graphql/louche/internal/waittest"
)

// A Server is a redis-server process (testdata/install-redis) that ends with the test.
type Server struct {
	Addr string
	args []string
	t    testing.TB
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// Start starts a server on a free port of 127.0.0.1, and waits until it accepts
// connections. args are further arguments of redis-server.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, "--port", args)
}

// StartTLS starts a server that accepts only TLS. The files are in PEM form.
func StartTLS(t testing.TB, certFile, keyFile string, args ...string) *Server {
	t.Helper()
	return start(t, "--tls-port", append([]string{"--port", "0", "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", certFile, "--tls-auth-clients", "no"}, args...))
}

func start(t testing.TB, portOption string, args []string) *Server {
	t.Helper()
	listener, err := porttest.Listen(net.Listen)
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(addr)
	s := &Server{Addr: addr, t: t, args: append([]string{portOption, port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, args...)}
	s.Start()
	return s
}

// Start starts the server again, on the same port and without data.
func (s *Server) Start() {
	s.t.Helper()
	s.out.Reset()
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.Dir = s.t.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("%v (testdata/install-redis installs it)", err)
	}
	s.t.Cleanup(func() {
		s.Kill()
		if s.t.Failed() {
			s.t.Logf("output of redis-server:\n%s", &s.out)
		}
	})
	waittest.Until(s.t, "redis-server listens on "+s.Addr, func() bool {
		conn, err := net.Dial("tcp", s.Addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// Kill kills the server.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// Pause suspends the server, like a server or network that is too slow.
func (s *Server) Pause() { s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends Pause.
func (s *Server) Resume() { s.cmd.Process.Signal(syscall.SIGCONT) }
