package beamtest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// Options configure a node. It needs EPMDPort, or, without EPMD, "-erl_epmd_port" and
// a free port among Args.
type Options struct {
	Name           string     // full node name; empty: testapp@127.0.0.1
	Cookie         string     // empty: DefaultCookie
	EPMDPort       int        // of StartEPMD
	ProtoDist      string     // inet_tcp (also when empty), inet6_tcp, inet_tls
	SSLDistOptFile string     // for inet_tls, of NewTLSFiles
	ShortNames     bool       // the host of Name has no dot
	Env            []string   // "key=value", in addition to StartNode's own
	Args           []string   // emulator flags of erl
	HoldStart      bool       // the application starts only after ReleaseStart; StartNode does not wait for it
	Namespace      *Namespace // the node runs and listens in it, on the address of its host; nil: here, on loopback
}

// DefaultCookie is the cookie of nodes without another one.
const DefaultCookie = "a-cookie-of-the-tests"

// Node is a running BEAM node.
type Node struct {
	Name   string // the node's own name
	Cookie string

	cmd    *exec.Cmd
	out    *output
	exited chan struct{} // closed when the process is reaped
	log    string        // TESTAPP_LOG, as the test process sees it

	pid  int
	otp  string
	real bool

	marks atomic.Int64 // of Written

	mu      sync.Mutex // one Eval at a time
	control net.Conn
}

// StartNode starts a node like a release, distribution first, and returns when its
// applications have started. If they fail to, the test fails with the node's output.
// If the test fails later, the output is logged.
func StartNode(t testing.TB, o Options) *Node {
	t.Helper()
	o.Name = cmp.Or(o.Name, "testapp@127.0.0.1")
	o.Cookie = cmp.Or(o.Cookie, DefaultCookie)

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
	n.cmd.Env = o.environment(app, inside, listener)
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.out
	if o.Namespace.Do(func() { err = n.cmd.Start() }); err != nil {
		t.Fatalf("beamtest: start %s: %v", o.Name, err)
	}
	go func() {
		n.cmd.Wait()
		n.out.end()
		close(n.exited)
		listener.Close() // do not wait for a node that ends during its start
	}()
	t.Cleanup(func() {
		n.Kill()
		if t.Failed() {
			t.Logf("beamtest: output of %s:\n%s", n.Name, n.Output())
		}
	})
	n.acceptControl(t, listener)
	if !o.HoldStart {
		n.waitStarted(t)
	}
	return n
}

// environment is the environment of a node whose folder is home, and which connects to
// control.
func (o Options) environment(app, home string, control net.Listener) []string {
	env := append(environment(),
		"ERL_CRASH_DUMP_SECONDS=0",
		"ERL_EPMD_PORT="+strconv.Itoa(o.EPMDPort), // never the machine's own EPMD
		"HOME="+home,
		"TESTAPP_CONTROL="+strconv.Itoa(control.Addr().(*net.TCPAddr).Port),
		"TESTAPP_GOLDEN="+filepath.Join(app, "golden"),
		"TESTAPP_LOG="+filepath.Join(home, "appended"),
	)
	if o.HoldStart {
		env = append(env, "TESTAPP_HELD=true")
	}
	return append(env, o.Env...)
}

func (n *Node) acceptControl(t testing.TB, listener net.Listener) {
	t.Helper()
	var err error
	if n.control, err = listener.Accept(); err != nil {
		select {
		case <-n.exited:
			t.Fatalf("beamtest: node %s did not come up: %v", n.Name, n.cmd.ProcessState)
		default:
			t.Fatalf("beamtest: node %s did not come up: %v", n.Name, err)
		}
	}
	t.Cleanup(func() { n.control.Close() })
	greeting, err := readFrame(n.control)
	if err != nil {
		t.Fatalf("beamtest: node %s did not come up: %v", n.Name, err)
	}
	if _, err := fmt.Sscan(string(greeting), &n.pid, &n.otp, &n.real, &n.Name); err != nil {
		t.Fatalf("beamtest: greeting %q of node %s: %v", greeting, n.Name, err)
	}
}

// ReleaseStart starts the application of a node with HoldStart, and returns when it
// has started.
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
	address := "127.0.0.1"
	switch {
	case o.Namespace != nil:
		_, address, _ = strings.Cut(o.Name, "@")
	case strings.HasPrefix(o.ProtoDist, "inet6"):
		address = "::1"
	}
	name := "-name"
	if o.ShortNames {
		name = "-sname"
	}
	args := []string{
		"-boot", filepath.Join(app, "ebin", "testapp"), "-config", filepath.Join(app, "sys"),
		name, o.Name, "-setcookie", o.Cookie,
		"-noinput", "-start_epmd", "false", "-kernel", "inet_dist_use_interface", addressTerm(netip.MustParseAddr(address)),
		"-kernel", "net_setuptime", "120", // the maximum, for handshakes on a slow machine
	}
	if o.ProtoDist != "" {
		args = append(args, "-proto_dist", o.ProtoDist)
	}
	if o.SSLDistOptFile != "" {
		args = append(args, "-ssl_dist_optfile", o.SSLDistOptFile)
	}
	return append(args, o.Args...)
}

// addressTerm is an IP address as an Erlang term.
func addressTerm(address netip.Addr) string {
	var numbers []string
	for bytes := address.AsSlice(); len(bytes) > 0; {
		if address.Is4() {
			numbers, bytes = append(numbers, fmt.Sprint(bytes[0])), bytes[1:]
		} else {
			numbers, bytes = append(numbers, fmt.Sprint(binary.BigEndian.Uint16(bytes))), bytes[2:]
		}
	}
	return "{" + strings.Join(numbers, ",") + "}"
}

// PID is the process id of the BEAM itself.
func (n *Node) PID() int { return n.pid }

// OTP is the node's OTP release, such as "25".
func (n *Node) OTP() string { return n.otp }

// RealAbsinthe reports whether the node runs the real Absinthe, not the double.
func (n *Node) RealAbsinthe() bool { return n.real }

// Output is what the node has written to standard output and standard error.
func (n *Node) Output() string { return n.out.String() }

// Written returns the length of Output once it has everything that processes of the node
// have written before.
func (n *Node) Written(t testing.TB) int {
	t.Helper()
	mark := fmt.Sprintf("-- mark %d --", n.marks.Add(1))
	n.Eval(t, fmt.Sprintf("IO.puts(%q)", mark))
	n.WaitOutput(t, mark)
	return len(n.Output())
}

// WaitOutput returns the first line with substr that the node writes. The test fails
// if there is none.
func (n *Node) WaitOutput(t testing.TB, substr string) string {
	t.Helper()
	line, found := n.out.wait(substr)
	if !found {
		t.Fatalf("beamtest: node %s wrote no line with %q", n.Name, substr)
	}
	return line
}

// Appended are the ids of the calls of the mutation `append` on this node, in order.
func (n *Node) Appended(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(n.log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("beamtest: %v", err)
	}
	return strings.Fields(string(text))
}

// Eval evaluates an Elixir expression on the node and returns inspect/1 of its value.
// The test fails if it raises. Eval needs no distribution connection, so Node.list/1
// is unaffected. Evaluations run one after another.
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

// Wake ends the sleep of every process in the field sleep. The node's output shows
// when one sleeps.
func (n *Node) Wake(t testing.TB) {
	t.Helper()
	n.Eval(t, "TestApp.Fields.wake()")
}

// Count makes the node count the calls of a function, such as Absinthe.run/3 or
// :erpc.execute_call/4. The returned function returns their number.
func (n *Node) Count(t testing.TB, function string) func() int {
	t.Helper()
	module, rest, _ := strings.Cut(function, "/")
	at := strings.LastIndex(module, ".")
	mfa := fmt.Sprintf("{%s, :%s, %s}", module[:at], module[at+1:], rest)
	// Only loaded functions can be counted.
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

// Kill kills the node (SIGKILL) and returns when its process has ended. It does
// nothing to a node that has ended.
func (n *Node) Kill() { kill(n.cmd, n.exited) }

// Stop is Terminate, and returns when the process has ended.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.Terminate(t)
	waittest.Receive(t, "end of node "+n.Name, n.exited)
}

// Terminate sends the node SIGTERM: its applications stop in order, then it ends.
func (n *Node) Terminate(t testing.TB) {
	t.Helper()
	select {
	case <-n.exited: // its process id may be reused by now
		return
	default:
	}
	if err := syscall.Kill(n.pid, syscall.SIGTERM); err != nil && err != syscall.ESRCH { // it may just have ended
		t.Fatalf("beamtest: stop node %s: %v", n.Name, err)
	}
}

// Exited is closed when the node's process has ended.
func (n *Node) Exited() <-chan struct{} { return n.exited }
