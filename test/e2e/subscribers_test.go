package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// publishNumbers has the node publish 1, 2, … to a channel until the test ends.
func publishNumbers(t *testing.T, node *beamtest.Node, channel string) {
	t.Helper()
	node.Eval(t, fmt.Sprintf(`spawn(fn ->
  Enum.each(Stream.iterate(1, &(&1 + 1)), fn n ->
    TestApp.PubSub.publish(%q, n)
    Process.sleep(10)
  end)
end)
:ok`, channel))
}

// resubscribing returns a configuration with lines of the application, and a function that has a gateway with it end all
// subscriptions. Its grace is short, so the last client may outlive it.
func resubscribing(epmd int, lines ...string) (yaml string, resubscribe func(*testing.T, *running)) {
	var changes atomic.Int64
	section := func() string {
		return configFor(epmd, append(lines, subscriptions, fmt.Sprintf("    timeout: %ds", 20+changes.Add(1)))...) + "shutdown_grace: 100ms\n"
	}
	return section(), func(t *testing.T, g *running) { g.configure(t, section()) }
}

// The examples of docs/http.md for subscriptions print each event, and subscribe again when
// the gateway asks for it.
func TestExamplesOfSubscribers(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	publishNumbers(t, node, "news")
	yaml, resubscribe := resubscribing(epmd)
	g := startGateway(t, yaml)
	g.cutOff = true
	for name, n := range map[string]int{"Apollo Client": 1, "urql": 1, "graphql-sse": 0, "graphql-ws": 0} {
		t.Run(name, func(t *testing.T) {
			folder := exampleFolder(t, map[string]string{"example.mjs": example(t, g, name, n)})
			client := exec.CommandContext(t.Context(), "node", "example.mjs")
			client.Dir = folder
			out, err := client.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			client.Stderr = client.Stdout
			if err := client.Start(); err != nil {
				t.Fatal(err)
			}
			defer client.Process.Kill()
			lines := bufio.NewScanner(out)
			last := 0
			for gaps := 0; gaps == 0 && lines.Scan(); {
				number, err := strconv.Atoi(lines.Text())
				if err != nil {
					t.Fatalf("the client prints %q", lines.Text())
				}
				switch {
				case last == 0 || number == last+1:
				case number > last:
					gaps++
				default:
					t.Fatalf("%d comes after %d", number, last)
				}
				if last == 0 {
					resubscribe(t, g)
				}
				last = number
			}
			if last == 0 {
				t.Fatal("the client prints no event")
			}
		})
	}
}

// The client of graphql-sse works with a gateway in both of its modes.
func TestGraphQLSSE(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	publishNumbers(t, node, "numbers")
	yaml, resubscribe := resubscribing(epmd)
	g := startGateway(t, yaml)
	g.cutOff = true
	control := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { resubscribe(t, g) }))
	defer control.Close()
	runClient(t, "graphql-sse.mjs", g.url+"/graphql", control.URL)
}

// Apollo's multipart protocol has each result in a part, heartbeats, and an error for clients
// that should subscribe again.
func TestMultipartSubscription(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions)+"shutdown_grace: 5s\n") // a second of it is left at the end
	const accept = `multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json`
	s := g.stream(t, subscriptionOf("news"), "Accept", accept)
	if s.StatusCode != 200 || s.Header.Get("Content-Type") != `multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"` {
		t.Fatalf("%s, %s", s.Status, s.Header.Get("Content-Type"))
	}
	expect := func(want ...string) {
		t.Helper()
		for _, want := range want {
			if s.lines.Scan(); s.lines.Text() != want {
				t.Fatalf("line %q, want %q", s.lines.Text(), want)
			}
		}
	}
	part := func(json string) { t.Helper(); expect("--graphql", "Content-Type: application/json", "", json) }
	expect("")
	node.Publish(t, "news", `%{"text" => "héllo"}`)
	part(`{"payload":{"data":{"event":{"text":"héllo"}}}}`)
	g.begin()
	part(`{"payload":null,"errors":[{"message":"The gateway ends this subscription: subscribe again.","extensions":{"code":"GOING_AWAY"}}]}`)
	expect("--graphql--", "")
}
