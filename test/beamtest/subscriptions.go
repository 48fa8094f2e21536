package beamtest

import (
	"fmt"
	"testing"
)

// AddEvents gives the schema on the real Absinthe the subscription event(channel: String!):
// Json. Its double has it.
func (n *Node) AddEvents(t testing.TB) {
	t.Helper()
	if !n.RealAbsinthe() {
		return
	}
	n.Eval(t, `Code.compiler_options(ignore_module_conflict: true)
System.fetch_env!("TESTAPP_GOLDEN") |> Path.dirname() |> Path.join("schema.exs") |> File.read!()
|> String.replace("  mutation do\n", """
  subscription do
    field :event, :json do
      arg :channel, non_null(:string)
      config fn %{channel: channel}, %{context: context} -> TestApp.PubSub.config(channel, context) end
      resolve fn event, _, _ -> {:ok, event} end
    end
  end

  mutation do
""") |> Code.eval_string()
:ok`)
}

// Publish publishes an event, given in Elixir, to the subscribers of a channel on the node.
func (n *Node) Publish(t testing.TB, channel, event string) {
	t.Helper()
	n.Eval(t, fmt.Sprintf(`TestApp.PubSub.publish(%q, %s)`, channel, event))
}

// Subscribers returns the number of processes that are subscribed on the node.
func (n *Node) Subscribers(t testing.TB) string {
	t.Helper()
	return n.Eval(t, `TestApp.PubSub.subscribers()`)
}
