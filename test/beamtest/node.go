package beamtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// Options says how a node is started. A node needs EPMDPort, or, to run without
// EPMD, "-erl_epmd_port" and a free port among Args.
type Options struct {
	Name           string     // full node name; empty: testapp@127.0.0.1
	Cookie         string     // empty: DefaultCookie
	EPMDPort       int        // where the node registers, as StartEPMD returned it
	ProtoDist      string     // inet_tcp (also when empty), inet6_tcp, inet_tls
	SSLDistOptFile string     // for inet_tls: NewTLSFiles writes one
	ShortNames     bool       // Name has a host without a dot
	Env            []string   // "key=value", beside what StartNode sets
	Args           []string   // emulator flags, as erl takes them
	HoldStart      bool       // StartNode returns while the application starts, which it does until ReleaseStart
	Namespace      *Namespace // where the node runs, and listens on the IPv4 address that is its host; nil: here, on loopback
}

// DefaultCookie is the cookie of nodes whose Options name none.
const DefaultCookie = "a-cookie-of-the-tests"

// Node is a running BEAM node.
type Node struct {
	Name   string // what the node calls itself
	Cookie string

	cmd    *exec.Cmd
	out    *output
	exited chan struct{} // closed when the process is reaped
	log    string        // TESTAPP_LOG, as the test process sees it

	pid  int
	otp  string
	real bool

	mu      sync.Mutex // one Eval at a time
	control net.Conn
}

// StartNode starts a node as a release starts, distribution first, and returns when
// its applications have started. The test fails with the node's output if they do
// not; that output is also logged when the test fails later.
func StartNode(t testing.TB, o Options) *Node {
	t.Helper()
	if o.Name == "" {
		o.Name = "testapp@127.0.0.1"
	}
	if o.Cookie == "" {
		o.Cookie = DefaultCookie
	}

	app := theApplication(t)
	outside, inside := SharedDir(t)

	listener, err := o.Namespace.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	defer listener.Close()
	listener.(*net.TCPListener).SetDeadline(time.Now().Add(waittest.Limit))

	cmd, err := command("erl", o.erlArgs(app)...)
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	n := &Node{
		Name:   o.Name,
		Cookie: o.Cookie,
		cmd:    cmd,
		out:    newOutput(),
		exited: make(chan struct{}),
		log:    filepath.Join(outside, "appended"),
	}
	n.cmd.Env = append(environment(),
		"ERL_CRASH_DUMP_SECONDS=0",
		"ERL_EPMD_PORT="+strconv.Itoa(o.EPMDPort), // never the machine's own EPMD
		"HOME="+inside,
		"TESTAPP_CONTROL="+strconv.Itoa(listener.Addr().(*net.TCPAddr).Port),
		"TESTAPP_GOLDEN="+filepath.Join(app, "golden"),
		"TESTAPP_LOG="+filepath.Join(inside, "appended"),
	)
	if o.HoldStart {
		n.cmd.Env = append(n.cmd.Env, "TESTAPP_HELD=true")
	}
	n.cmd.Env = append(n.cmd.Env, o.Env...)
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.out
	if o.Namespace.Do(func() { err = n.cmd.Start() }); err != nil {
		t.Fatalf("beamtest: start %s: %v", o.Name, err)
	}
	go func() {
		n.cmd.Wait()
		n.out.end()
		close(n.exited)
		listener.Close() // a node that ends before it is up is not waited for
	}()
	t.Cleanup(func() {
		n.Kill()
		if t.Failed() {
			t.Logf("beamtest: output of %s:\n%s", n.Name, n.Output())
		}
	})

	n.control, err = listener.Accept()
	if err != nil {
		select {
		case <-n.exited:
			t.Fatalf("beamtest: node %s did not come up: %v", o.Name, n.cmd.ProcessState)
		default:
			t.Fatalf("beamtest: node %s did not come up: %v", o.Name, err)
		}
	}
	t.Cleanup(func() { n.control.Close() })
	greeting, err := readFrame(n.control)
	if err != nil {
		t.Fatalf("beamtest: node %s did not come up: %v", o.Name, err)
	}
	if _, err := fmt.Sscan(string(greeting), &n.pid, &n.otp, &n.real, &n.Name); err != nil {
		t.Fatalf("beamtest: greeting %q of node %s: %v", greeting, o.Name, err)
	}
	if !o.HoldStart {
		n.waitStarted(t)
	}
	return n
}

// ReleaseStart lets the application of a node that is held by HoldStart, and returns when it has.
func (n *Node) ReleaseStart(t testing.TB) {
	t.Helper()
	n.Eval(t, "send(TestApp.Application, :go)")
	n.waitStarted(t)
}

func (n *Node) waitStarted(t testing.TB) {
	t.Helper()
	n.Eval(t, ":init.notify_when_started(self()) == :started or :init.wait_until_started()")
}

// erlArgs are the arguments of erl for a node of the application in this folder.
func (o Options) erlArgs(app string) []string {
	address := "{127,0,0,1}"
	switch {
	case o.Namespace != nil:
		_, host, _ := strings.Cut(o.Name, "@")
		address = "{" + strings.ReplaceAll(host, ".", ",") + "}"
	case strings.HasPrefix(o.ProtoDist, "inet6"):
		address = "{0,0,0,0,0,0,0,1}"
	}
	name := "-name"
	if o.ShortNames {
		name = "-sname"
	}
	args := []string{
		"-boot", filepath.Join(app, "ebin", "testapp"), "-config", filepath.Join(app, "sys"),
		name, o.Name, "-setcookie", o.Cookie,
		"-noinput", "-start_epmd", "false", "-kernel", "inet_dist_use_interface", address,
		"-kernel", "net_setuptime", "120", // the most there is, for handshakes on a slow machine
	}
	if o.ProtoDist != "" {
		args = append(args, "-proto_dist", o.ProtoDist)
	}
	if o.SSLDistOptFile != "" {
		args = append(args, "-ssl_dist_optfile", o.SSLDistOptFile)
	}
	return append(args, o.Args...)
}

// PID is the process id of the BEAM itself.
func (n *Node) PID() int { return n.pid }

// OTP is the node's OTP release, such as "25".
func (n *Node) OTP() string { return n.otp }

// RealAbsinthe reports whether the node runs the real Absinthe, not the double.
func (n *Node) RealAbsinthe() bool { return n.real }

// Output is what the node has written to standard output and standard error.
func (n *Node) Output() string { return n.out.String() }

// WaitOutput waits until the node has written a line that contains substr, and
// returns the first such line. The test fails if none comes.
func (n *Node) WaitOutput(t testing.TB, substr string) string {
	t.Helper()
	line, found := n.out.wait(substr)
	if !found {
		t.Fatalf("beamtest: node %s wrote no line with %q", n.Name, substr)
	}
	return line
}

// Appended are the ids that the mutation `append` was called with on this node,
// in order.
func (n *Node) Appended(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(n.log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("beamtest: %v", err)
	}
	return strings.Fields(string(text))
}

// Eval evaluates an Elixir expression on the node and returns inspect/1 of its
// value. The test fails if it raises. No distribution connection is made for
// it, so it does not show in Node.list/1. Evaluations run one after another.
func (n *Node) Eval(t testing.TB, elixir string) string {
	t.Helper()
	answer, err := n.eval(elixir)
	if err != nil {
		t.Fatalf("beamtest: node %s: eval %s: %v", n.Name, elixir, err)
	}
	return answer
}

func (n *Node) eval(elixir string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.control.SetDeadline(time.Now().Add(waittest.Limit))
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(elixir)))
	if _, err := n.control.Write(append(frame, elixir...)); err != nil {
		return "", err
	}
	answer, err := readFrame(n.control)
	if err != nil {
		return "", err
	}
	if value, ok := strings.CutPrefix(string(answer), "+"); ok {
		return value, nil
	}
	return "", fmt.Errorf("%s", bytes.TrimPrefix(answer, []byte("-")))
}

// Wake ends the sleep of every process that sleeps in the field sleep. Whether one
// does is in the node's output.
func (n *Node) Wake(t testing.TB) {
	t.Helper()
	n.Eval(t, "TestApp.Fields.wake()")
}

// Count has the node itself count the calls of a function, such as Absinthe.run/3 or
// :erpc.execute_call/4, whoever makes them. The result tells how many there were.
func (n *Node) Count(t testing.TB, function string) func() int {
	t.Helper()
	module, rest, _ := strings.Cut(function, "/")
	at := strings.LastIndex(module, ".")
	mfa := fmt.Sprintf("{%s, :%s, %s}", module[:at], module[at+1:], rest)
	// A function that is not loaded cannot be counted.
	n.Eval(t, fmt.Sprintf("{:module, _} = Code.ensure_loaded(%s); 1 = :erlang.trace_pattern(%s, true, [:call_count])", module[:at], mfa))
	return func() int {
		t.Helper()
		count, err := strconv.Atoi(n.Eval(t, fmt.Sprintf("{:call_count, n} = :erlang.trace_info(%s, :call_count); n", mfa)))
		if err != nil {
			t.Fatalf("beamtest: node %s: calls of %s: %v", n.Name, function, err)
		}
		return count
	}
}

// readFrame reads one message of the control connection: {packet, 4}.
func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

// Kill ends the node as SIGKILL does, with no goodbye to anyone, and returns
// when its process is gone. It does nothing to a node that has ended.
func (n *Node) Kill() { kill(n.cmd, n.exited) }

// Stop ends the node as Terminate does, and returns when its process is gone.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.Terminate(t)
	waittest.Receive(t, "end of node "+n.Name, n.exited)
}

// Terminate sends the node SIGTERM: its applications stop in order, then it ends.
func (n *Node) Terminate(t testing.TB) {
	t.Helper()
	select {
	case <-n.exited: // its process id may be another's by now
		return
	default:
	}
	if err := syscall.Kill(n.pid, syscall.SIGTERM); err != nil {
		t.Fatalf("beamtest: stop node %s: %v", n.Name, err)
	}
}

// Exited is closed when the node's process has ended.
func (n *Node) Exited() <-chan struct{} { return n.exited }
