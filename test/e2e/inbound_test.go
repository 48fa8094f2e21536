package e2e_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Messages from a node over the gateway's connection have no effect: nothing runs, no name
// is registered, and calls continue.
func TestMessagesFromNodesHaveNoEffect(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	if got := node.Eval(t, "Node.list(:hidden)"); got != `[:"louche@127.0.0.1"]` {
		t.Fatalf("connected: %s", got)
	}
	for _, tt := range []struct{ name, elixir, want string }{
		{"a call", `try do :erpc.call(gateway, :os, :getenv, [], 300_000) catch class, reason -> {class, reason} end`, `{:error, {:erpc, :notsup}}`},
		{"an old call", `:rpc.call(gateway, :os, :getenv, [], 300_000)`, `{:badrpc, :notsup}`},
		{"a process", `pid = Node.spawn(gateway, :erlang, :halt, []); ref = Process.monitor(pid); receive do {:DOWN, ^ref, _, _, why} -> why end`, `:notsup`},
		{"a linked process", `Process.flag(:trap_exit, true); pid = Node.spawn_link(gateway, :erlang, :halt, []); receive do {:EXIT, ^pid, why} -> why end`, `:notsup`},
		{"a server", `try do GenServer.call({:rex, gateway}, :anything, 300_000) catch :exit, {why, _} -> why end`, `:noproc`},
		{"messages", `for name <- [:rex, :net_kernel, :init, :user, :erpc], do: send({name, gateway}, {:system, {self(), make_ref()}, :get_state}); :sent`, `:sent`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := node.Eval(t, `gateway = :"louche@127.0.0.1"; Task.await(Task.async(fn -> `+tt.elixir+` end), :infinity)`)
			if got != tt.want && !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if status, answer := g.query(t, `{ counter }`); status != 200 {
				t.Errorf("afterwards: %d %s", status, answer)
			}
		})
	}

	// The pid of the caller cannot be killed or linked to.
	answered := g.async(t, sleep)
	node.WaitOutput(t, "sleeping ")
	signalled := node.Eval(t, `callers = for p <- Process.list(), {:parent, caller} when is_pid(caller) <- [Process.info(p, :parent)], node(caller) != node(), do: caller
for caller <- callers do
  for reason <- [:kill, :normal, :noconnection], do: Process.exit(caller, reason)
  send(caller, {make_ref(), :return, %{data: %{}}})
  spawn(fn -> Process.link(caller); exit(:kill) end)
end
length(callers) > 0`)
	node.Wake(t)
	if answer := <-answered; signalled != "true" || answer != `{"data":{"sleep":true}}` {
		t.Errorf("its caller was found: %s; it got %s", signalled, answer)
	}
	if n := strings.Count(g.log.String(), "node up"); n != 1 {
		t.Errorf("%s was connected to %d times", node.Name, n)
	}
	// No node lists the gateway.
	names := node.Eval(t, `:erl_epmd.names({127, 0, 0, 1})`)
	if strings.Contains(names, "louche") || node.Eval(t, "Node.list()") != "[]" {
		t.Errorf("EPMD knows %s", strconv.Quote(names))
	}
}
