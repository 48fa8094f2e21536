package beamtest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

func TestNode(t *testing.T) {
	n := StartNode(t, Options{Name: "app-1@127.0.0.1", EPMDPort: StartEPMD(t)})

	t.Run("Eval", func(t *testing.T) {
		for elixir, want := range map[string]string{
			"node()":                                   `:"app-1@127.0.0.1"`,
			"Node.get_cookie()":                        fmt.Sprintf(":%q", DefaultCookie),
			"Node.list([:visible, :hidden])":           "[]",
			"System.pid()":                             strconv.Quote(strconv.Itoa(n.PID())),
			"System.otp_release()":                     strconv.Quote(n.OTP()),
			"Code.ensure_loaded?(Absinthe.Resolution)": strconv.FormatBool(n.RealAbsinthe()),
			"{:ok, [{name, _}]} = :erl_epmd.names({127, 0, 0, 1}); to_string(name)": `"app-1"`,
			`Absinthe.Schema.to_sdl(TestApp.Schema) =~ "session: Session"`:          "true",
		} {
			if got := n.Eval(t, elixir); got != want {
				t.Errorf("Eval(%s) = %s, want %s", elixir, got, want)
			}
		}
		if _, err := n.eval(`raise "no such thing"`); err == nil || !strings.Contains(err.Error(), "no such thing") {
			t.Errorf("error of a raising expression: %v", err)
		}
	})

	// Atoms of the observation itself would look like a leak.
	t.Run("Eval makes no atoms", func(t *testing.T) {
		n.Eval(t, ":erlang.system_info(:atom_count)")
		before := n.Eval(t, ":erlang.system_info(:atom_count)")
		if after := n.Eval(t, ":erlang.system_info(:atom_count)"); after != before {
			t.Errorf("atoms before %s, after %s", before, after)
		}
	})

	t.Run("golden cases", func(t *testing.T) {
		got := n.Eval(t, `
			folder = System.fetch_env!("TESTAPP_GOLDEN")
			term = &:erlang.binary_to_term(Base.decode64!(&1))

			for line <- File.stream!(Path.join(folder, "absinthe-1.11.jsonl")),
				recorded = TestApp.JSON.read(line),
				result = Absinthe.run(recorded["query"], TestApp.Schema,
					variables: recorded["variables"],
					operation_name: recorded["operation_name"],
					context: term.(recorded["context_etf"])),
				result !== term.(recorded["result_etf"]),
				do: {recorded["name"], result}`)
		if got != "[]" {
			t.Errorf("cases with another result than recorded: %s", got)
		}
	})

	// A more lenient double would hide faults of the gateway.
	t.Run("the double demands exactly what was recorded", func(t *testing.T) {
		if n.RealAbsinthe() {
			return
		}
		for _, tt := range []struct{ document, options string }{
			{`{ hello }`, `context: %{a: 1}`},
			{`{ hello }`, `operation_name: "A"`},
			{`{ hello }`, `variables: %{"n" => nil}`},
			{`query H($n: String) { hello(name: $n) }`, `variables: %{n: nil}`},
			{`{ session { user { id name email } } }`, `context: %{current_user_id: 42.0}`},
			{`{ session { user { id name email } } }`, `context: %{current_user_id: "42"}`},
		} {
			got := n.Eval(t, fmt.Sprintf("Absinthe.run(%q, TestApp.Schema, [%s])", tt.document, tt.options))
			if !strings.Contains(got, "no golden case") {
				t.Errorf("%s with [%s] = %s, want no golden case", tt.document, tt.options, got)
			}
		}
	})

	// The real Absinthe and its double must agree in what tests use.
	t.Run("fields", func(t *testing.T) {
		for _, tt := range []struct{ document, options, want string }{
			{`{ log(message: "said") }`, ``, `%{"log" => true}`},
			{`{ print(message: "printed") }`, ``, `%{"print" => true}`},
			{`{ sleep(ms: 1) }`, ``, `%{"sleep" => true}`},
			{`{ pace }`, ``, `%{"pace" => true}`},
			{`query Q($b: Int!) { large(bytes: $b) }`, `variables: %{"b" => 2}`, fmt.Sprintf(`%%{"large" => [%q]}`, strings.Repeat("x", 1024))},
			{`{ contextText }`, `context: %{b: 1, a: [nil, "x"]}`, `%{"contextText" => "%{a: [nil, \"x\"], b: 1}"}`},
			{`query($t: String!) { contextIs(term: $t) }`, `context: %{a: 1}, variables: %{"t" => "%{a: 1}"}`, `%{"contextIs" => true}`},
			{`query($t: String!) { contextIs(term: $t) }`, `context: %{a: 1}, variables: %{"t" => "%{a: 1.0}"}`, `%{"contextIs" => false}`},
			{`{ a: echoText(text: ") \" \u00e9") b: echoText }`, ``, `%{"a" => ") \" é", "b" => nil}`},
			{`query($t: String) { echoText(text: $t) }`, `variables: %{"t" => "☃"}`, `%{"echoText" => "☃"}`},
			{`{ counter }`, ``, `%{"counter" => 1}`},
			{`{ counter }`, ``, `%{"counter" => 2}`},
			{`mutation { append(id: "1") pace }`, ``, `%{"append" => true, "pace" => true}`},
			{`mutation A($id: String!) { append(id: $id) }`, `variables: %{"id" => "2"}`, `%{"append" => true}`},
		} {
			got := n.Eval(t, fmt.Sprintf("Absinthe.run(%q, TestApp.Schema, [%s])", tt.document, tt.options))
			if want := "{:ok, %{data: " + tt.want + "}}"; got != want {
				t.Errorf("%s with [%s] = %s, want %s", tt.document, tt.options, got, want)
			}
		}

		// The output of a resolver consists of whole lines.
		if got, want := n.WaitOutput(t, "said"), "[info] said"; got != want {
			t.Errorf("line of Logger.info: %q, want %q", got, want)
		}
		if got, want := n.WaitOutput(t, "printed"), "printed"; got != want {
			t.Errorf("line of IO.puts: %q, want %q", got, want)
		}
		if got := n.Appended(t); strings.Join(got, " ") != "1 2" {
			t.Errorf("Appended() = %q, want 1 and 2", got)
		}
	})

	t.Run("fields that end the call", func(t *testing.T) {
		for document, want := range map[string]string{
			`{ raise }`:                     `%RuntimeError{message: "boom"}`,
			`{ raise(message: "no disk") }`: `%RuntimeError{message: "no disk"}`,
			`{ throw }`:                     `{:nocatch, :ball}`,
			`{ exit }`:                      `:leaving`,
			`{ kill }`:                      `:killed`,
		} {
			got := n.Eval(t, fmt.Sprintf(`
				{pid, monitor} = spawn_monitor(fn -> Absinthe.run(%q, TestApp.Schema, []) end)

				receive do
					{:DOWN, ^monitor, :process, ^pid, {reason, [_ | _] = _stacktrace}} -> reason
					{:DOWN, ^monitor, :process, ^pid, reason} -> reason
				end`, document))
			if got != want {
				t.Errorf("reason of %s: %s, want %s", document, got, want)
			}
		}
	})

	t.Run("bad term and pid", func(t *testing.T) {
		got := n.Eval(t, `
			{:ok, %{data: data}} = Absinthe.run("{ badTerm pidText }", TestApp.Schema, [])
			{data["badTerm"] == self(), data["pidText"] == inspect(self())}`)
		if got != "{true, true}" {
			t.Errorf("pids in the answer are the caller's: %s", got)
		}
	})

	// A sleeping call has a process that can be found, and its end is logged.
	t.Run("sleep is watched", func(t *testing.T) {
		pid := n.Eval(t, `spawn(fn -> Absinthe.run("{ sleep(ms: 3600000) }", TestApp.Schema, []) end)`)
		n.WaitOutput(t, "sleeping "+pid)
		n.Eval(t, fmt.Sprintf("Process.exit(:erlang.list_to_pid(~c%q), :kill)", strings.TrimPrefix(pid, "#PID")))
		if got, want := n.WaitOutput(t, "gone "+pid), "gone "+pid+" killed"; got != want {
			t.Errorf("line at the end of the sleeping process: %q, want %q", got, want)
		}
	})
}

// Wake wakes the processes that sleep in a field.
func TestWake(t *testing.T) {
	n := StartNode(t, Options{EPMDPort: StartEPMD(t)})
	var pids []string
	for range 2 {
		pid := n.Eval(t, `spawn(fn -> exit({:slept, TestApp.Fields.sleep(3600000)}) end)`)
		n.WaitOutput(t, "sleeping "+pid)
		pids = append(pids, pid)
	}
	n.Wake(t)
	for _, pid := range pids {
		if got, want := n.WaitOutput(t, "gone "+pid), "gone "+pid+" returned"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Two nodes of each kind find and accept each other.
func TestProtoDist(t *testing.T) {
	files := NewTLSFiles(t)
	for _, tt := range []struct {
		name    string
		host    string
		options Options
	}{
		{"IPv4", "127.0.0.1", Options{}},
		{"IPv6", "::1", Options{ProtoDist: "inet6_tcp"}},
		{"TLS", "127.0.0.1", Options{ProtoDist: "inet_tls", SSLDistOptFile: files.SSLDistOptFile}},
		{"short names", "localhost", Options{ShortNames: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.options
			o.EPMDPort = StartEPMD(t)
			o.Name = "a@" + tt.host
			a := StartNode(t, o)
			o.Name = "b@" + tt.host
			StartNode(t, o)
			if got := a.Eval(t, fmt.Sprintf(`Node.connect(:"b@%s")`, tt.host)); got != "true" {
				t.Errorf("Node.connect() = %s, want true", got)
			}
		})
	}
}

// A release without EPMD listens on a fixed port.
func TestNodeWithoutEPMD(t *testing.T) {
	address := FreeAddress(t, nil)
	_, port, _ := net.SplitHostPort(address)
	StartNode(t, Options{Args: []string{"-erl_epmd_port", port}})
	conn, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// Nodes at both ends of a link can connect to each other, and only over the link.
func TestNamespace(t *testing.T) {
	left, right := NewNamespace(t), NewNamespace(t)
	left.IP(t, "link add left type veth peer name right netns "+right.Path())
	var nodes []*Node
	for _, side := range []struct {
		namespace     *Namespace
		link, address string
	}{{left, "left", "10.0.0.1"}, {right, "right", "10.0.0.2"}} {
		side.namespace.IP(t, "address add "+side.address+"/24 dev "+side.link)
		side.namespace.IP(t, "link set "+side.link+" up")
		StartEPMDIn(t, side.namespace, 4369, side.address)
		nodes = append(nodes, StartNode(t, Options{Name: "n@" + side.address, EPMDPort: 4369, Namespace: side.namespace}))
	}
	if got := nodes[0].Eval(t, `Node.connect(:"n@10.0.0.2")`); got != "true" {
		t.Errorf("Node.connect() = %s, want true", got)
	}
	right.IP(t, "link set right down")
	var err error
	left.Do(func() { _, err = net.DialTimeout("tcp", "10.0.0.2:4369", 100*time.Millisecond) })
	if err == nil {
		t.Error("a connection over a link that is down")
	}
}

func TestKill(t *testing.T) {
	n := StartNode(t, Options{EPMDPort: StartEPMD(t)})
	n.Kill()
	<-n.Exited()
	if err := syscall.Kill(n.PID(), 0); err != syscall.ESRCH {
		t.Errorf("process %d after Kill: %v, want %v", n.PID(), err, syscall.ESRCH)
	}
	if _, err := n.eval("node()"); err == nil {
		t.Error("a killed node answers")
	}
}

func TestStop(t *testing.T) {
	n := StartNode(t, Options{EPMDPort: StartEPMD(t)})
	n.Stop(t)
	if err := syscall.Kill(n.PID(), 0); err != syscall.ESRCH {
		t.Errorf("process %d after Stop: %v, want %v", n.PID(), err, syscall.ESRCH)
	}
}

// A node accepts connections while it starts and while it stops. Its fields fail at
// both times.
func TestStartAndStopInOrder(t *testing.T) {
	epmd := StartEPMD(t)
	n := StartNode(t, Options{EPMDPort: epmd, HoldStart: true, Env: []string{"TESTAPP_STOP=3600000"}})
	other := StartNode(t, Options{Name: "other@127.0.0.1", EPMDPort: epmd})
	check := func(status string, works bool) {
		t.Helper()
		if got := other.Eval(t, fmt.Sprintf("Node.connect(:%q)", n.Name)); got != "true" {
			t.Errorf("Node.connect() to a node with status %s = %s, want true", status, got)
		}
		if got := n.Eval(t, ":init.get_status()"); got != status {
			t.Errorf(":init.get_status() = %s, want %s", got, status)
		}
		for _, elixir := range []string{"counter()", "pace()", "sleep(0)", `append("1")`} {
			if _, err := n.eval("TestApp.Fields." + elixir); (err == nil) != works {
				t.Errorf("%s with status %s: %v", elixir, status, err)
			}
		}
	}

	check("{:starting, :applications_loaded}", false)
	n.ReleaseStart(t)
	check("{:started, :started}", true)
	n.Terminate(t)
	waittest.Until(t, "the application stops", func() bool { return n.Eval(t, ":persistent_term.get(TestApp.Fields, nil)") == "nil" })
	check("{:stopping, :started}", false)
}

// A killed test process runs no Cleanup.
func TestNodeEndsWithTheTestProcess(t *testing.T) {
	n := StartNode(t, Options{EPMDPort: StartEPMD(t)})
	n.control.Close()
	waittest.Receive(t, "end of the node without its test", n.Exited())
}

func TestEPMDEndsWithItsTest(t *testing.T) {
	var port int
	t.Run("with EPMD", func(t *testing.T) { port = StartEPMD(t) })
	if conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
		conn.Close()
		t.Errorf("something still listens on port %d", port)
	}
}

func TestFreeAddresses(t *testing.T) {
	for range 20 {
		if first, second := FreeAddresses(t, nil); first == second {
			t.Errorf("twice %s", first)
		}
	}
}
