package e2e_test

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The context has the module under the key pubsub, as Absinthe.Plug sets it, beside the
// other fields.
func TestPubSubIsInTheContext(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for lines, want := range map[string]string{
		"pubsub: TestAppWeb.Endpoint":                                                                         `%{pubsub: TestAppWeb.Endpoint}`,
		"pubsub: Elixir.TestAppWeb.Endpoint\n    context: {locale: {value: de}}":                              `%{locale: \"de\", pubsub: TestAppWeb.Endpoint}`,
		"pubsub: TestAppWeb.Endpoint\n    context_from: TestApp.Gateway.build_context":                        `%{claims: %{}, pubsub: TestAppWeb.Endpoint}`,
		"pubsub: TestAppWeb.Endpoint\n    context_from: TestApp.Gateway.build_context\n    context_cache: 1h": `%{claims: %{}, pubsub: TestAppWeb.Endpoint}`,
	} {
		g := startGateway(t, configFor(epmd, "    "+lines))
		for range 2 { // the second request uses a cached context, if there is one
			if status, answer := g.query(t, `{ contextText }`); status != 200 || answer != `{"data":{"contextText":"`+want+`"}}` {
				t.Errorf("%s: %d %s, want %s", lines, status, answer, want)
			}
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	}
}

// A schema with subscriptions that no mutation can reach is logged once.
func TestSubscriptionsWithoutPubSub(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	addSubscription(t, node)
	const warning = "mutations do not reach their subscribers"
	for lines, warnings := range map[string]int{
		"":                            1,
		"pubsub: TestAppWeb.Endpoint": 0,
		"context: {pubsub: {value: Elixir.TestAppWeb.Endpoint, type: atom, atoms: [Elixir.TestAppWeb.Endpoint]}}": 0,
		"context_from: TestApp.Gateway.build_context":                                                             0,
	} {
		g := startGateway(t, configFor(epmd, "    "+lines))
		eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
		eventually(t, "what is to be logged is", func() bool { return strings.Count(g.log.String(), warning) >= warnings })
		if err := g.stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(g.log.String(), warning); got != warnings {
			t.Errorf("%q: %d warnings", lines, got)
		}
	}
}

// A mutation through the gateway reaches a subscriber on the node.
func TestMutationReachesSubscribers(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	if !node.RealAbsinthe() {
		t.Skip("needs the real Absinthe on ERL_LIBS")
	}
	addSubscription(t, node)
	node.Eval(t, subscriber)
	for lines, want := range map[string]string{"": `[]`, "pubsub: TestApp.PubSub": `[%{data: %{"appended" => true}}]`} {
		g := startGateway(t, configFor(epmd, "    "+lines))
		status, answer := g.query(t, `mutation { append(id: "1") }`)
		if status != 200 || answer != `{"data":{"append":true}}` {
			t.Fatalf("%d %s", status, answer)
		}
		// It is published before the response to the mutation.
		if got := node.Eval(t, "send(TestApp.Subscriber, {:told, self()}); receive do {:told, list} -> list end"); got != want {
			t.Errorf("%q: the subscriber was told %s, want %s", lines, got, want)
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	}
}

// subscriber starts a subscriber that collects messages.
const subscriber = `
test = self()

spawn_link(fn ->
  Process.register(self(), TestApp.Subscriber)
  {:ok, %{"subscribed" => topic}} =
    Absinthe.run("subscription { appended }", TestApp.Schema, context: %{pubsub: TestApp.PubSub})
  :ok = TestApp.PubSub.subscribe(topic)
  send(test, :subscribed)

  collect = fn collect, told ->
    receive do
      %{payload: %{result: data}} -> collect.(collect, told ++ [data])
      {:told, pid} -> send(pid, {:told, told}) && collect.(collect, [])
    end
  end

  collect.(collect, [])
end)

receive do
  :subscribed -> :ok
end
`

func addSubscription(t *testing.T, node *beamtest.Node) {
	t.Helper()
	if node.RealAbsinthe() {
		change(t, node, "  mutation do\n", `  subscription do
    field :appended, :boolean do
      config fn _, _ -> {:ok, topic: "all"} end
      trigger :append, topic: fn _ -> "all" end
      resolve fn appended, _, _ -> {:ok, appended} end
    end
  end

  mutation do
`)
		return
	}
	change(t, node, "  mutation: RootMutationType\n", "  mutation: RootMutationType\n  subscription: RootSubscriptionType\n")
	change(t, node, "type RootQueryType {\n", "type RootSubscriptionType {\n  appended: Boolean\n}\n\ntype RootQueryType {\n")
}
