package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

const subscriptions = "    pubsub: TestApp.PubSub"

func subscriptionOf(channel string) string {
	return fmt.Sprintf(`{"query":"subscription S { event(channel: \"%s\") }","extensions":{"gaps":true}}`, channel)
}

// A stream is a response with server-sent events.
type stream struct {
	*http.Response
	lines *bufio.Scanner
	leave context.CancelFunc
}

// stream sends an operation and returns the head of the response.
func (g *running) stream(t *testing.T, body string, header ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{resp, lines, cancel}
}

// subscribe is stream for a subscription that is accepted.
func (g *running) subscribe(t *testing.T, channel string, header ...string) *stream {
	t.Helper()
	s := g.stream(t, subscriptionOf(channel), header...)
	if s.StatusCode != 200 || s.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(s.Body)
		t.Fatalf("%s, %s: %s", s.Status, s.Header.Get("Content-Type"), body)
	}
	return s
}

// next returns the next event as "name data"; "" at the end of the stream. It skips comments.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	var name, data string
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "retry":
			name, data = "retry", value
		case "":
			if name != "" {
				return strings.TrimSpace(name + " " + data)
			}
		}
	}
	return ""
}

// expect fails unless these are the next events.
func (s *stream) expect(t *testing.T, events ...string) {
	t.Helper()
	for _, want := range events {
		if got := s.next(t); got != want {
			t.Fatalf("event %q, want %q", got, want)
		}
	}
}

func nextOf(event string) string { return `next {"data":{"event":` + event + `}}` }

// Clients with equal subscriptions share a process on the node, and each gets every event.
// The process ends with the last of them.
func TestSubscription(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions))
	before := node.Subscribers(t)
	first := g.subscribe(t, "news")
	one := node.Subscribers(t)
	if one == before {
		t.Fatal("no process is subscribed")
	}
	second, other := g.subscribe(t, "news"), g.subscribe(t, "other")
	for n := range 100 {
		node.Publish(t, "news", fmt.Sprint(n))
		first.expect(t, nextOf(fmt.Sprint(n)))
		second.expect(t, nextOf(fmt.Sprint(n)))
	}
	node.Publish(t, "other", `%{"text" => "héllo\n"}`)
	other.expect(t, nextOf(`{"text":"héllo\n"}`))
	other.leave()
	first.leave()
	waittest.Until(t, "the process of the other channel has ended", func() bool { return node.Subscribers(t) == one })
	node.Publish(t, "news", `"last"`)
	second.expect(t, nextOf(`"last"`))
	second.leave()
	waittest.Until(t, "no process is left", func() bool { return node.Subscribers(t) == before })
	g.expectMetrics(t, map[string]float64{`louche_subscription_events_total{app="/graphql"}`: 202, `louche_subscriptions{app="/graphql"}`: 0})
}

// What keeps an operation from being subscribed is JSON, and no stream.
func TestSubscriptionErrors(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions, "    timeout: 5m", "    subscriptions: {per_identity: 2}"))
	for channel, want := range map[string]struct {
		timeout string
		status  int
		text    string
	}{
		"forbidden": {"4m", 400, "this channel is forbidden"},
		"raise":     {"4m", 500, "INTERNAL"},
		"hang":      {"1s", 504, "TIMEOUT"},
	} {
		s := g.stream(t, subscriptionOf(channel), "Accept", "application/graphql-response+json, text/event-stream", "X-Request-Timeout", want.timeout)
		body, _ := io.ReadAll(s.Body)
		if s.StatusCode != want.status || !strings.Contains(string(body), want.text) || !strings.Contains(s.Header.Get("Content-Type"), "json") {
			t.Errorf("%s: %s %s %s", channel, s.Status, s.Header.Get("Content-Type"), body)
		}
	}
	s := g.stream(t, subscriptionOf("forbidden"))
	if got := s.next(t); s.StatusCode != 200 || !strings.Contains(got, "this channel is forbidden") {
		t.Errorf("for a client that takes streams alone: %s, %s", s.Status, got)
	}
	s.expect(t, "complete", "")
	s = g.stream(t, `{"query":"subscription {"}`)
	if got := s.next(t); s.StatusCode != 200 || !strings.HasPrefix(got, `next {"errors":[{"message":`) {
		t.Errorf("a document that does not parse: %s, %s", s.Status, got)
	}
	if status, answer := g.post(t, subscriptionOf("news")); code(t, answer) != "SUBSCRIPTION_NEEDS_STREAM" {
		t.Errorf("without a stream: %d %s", status, answer)
	}
	g.subscribe(t, "news")
	g.subscribe(t, "other")
	s = g.stream(t, subscriptionOf("third"))
	if body, _ := io.ReadAll(s.Body); s.StatusCode != 429 || code(t, string(body)) != "TOO_MANY_SUBSCRIPTIONS" {
		t.Errorf("a third subscription of one client: %s %s", s.Status, body)
	}
}

// A query is a stream of one result, for clients that accept nothing else.
func TestQueryAsAStream(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	s := g.stream(t, `{"query":"{ echoText(text: \"x\") }"}`)
	s.expect(t, `next {"data":{"echoText":"x"}}`, "complete", "")
	s = g.stream(t, `{"query":"{ raise }"}`)
	if body, _ := io.ReadAll(s.Body); s.StatusCode != 500 || code(t, string(body)) != "INTERNAL" {
		t.Errorf("%s %s", s.Status, body)
	}
	s = g.stream(t, `{"query":"{ echoText(text: \"x\") }"}`, "Accept", "text/event-stream, application/json")
	if body, _ := io.ReadAll(s.Body); string(body) != `{"data":{"echoText":"x"}}` {
		t.Errorf("with application/json accepted: %s", body)
	}
}

// Silence has heartbeats.
func TestSubscriptionHeartbeat(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {heartbeat: 50ms}"))
	s := g.subscribe(t, "news")
	comments := 0
	for s.lines.Scan() && comments < 4 {
		if s.lines.Text() == ":" {
			comments++
		}
	}
	node.Publish(t, "news", "1")
	s.expect(t, nextOf("1"))
}

// Subscriptions go on at another node when theirs dies or is drained, and clients that asked
// for it are told of the gap.
func TestSubscriptionSurvivesItsNode(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	nodes := map[string]*beamtest.Node{}
	for _, name := range []string{"testapp-a@127.0.0.1", "testapp-b@127.0.0.1"} {
		nodes[name] = beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Name: name})
		nodes[name].AddEvents(t)
	}
	g := startGateway(t, configFor(epmd, subscriptions))
	eventually(t, "both nodes are up", func() bool { return strings.Count(g.log.String(), "node up") == 2 })
	before := map[string]string{}
	for name, node := range nodes {
		before[name] = node.Subscribers(t)
	}
	s := g.subscribe(t, "news")
	subscribed := func() string {
		for name, node := range nodes {
			if node.Subscribers(t) != before[name] {
				return name
			}
		}
		return ""
	}
	const gap = `next {"data":null,"extensions":{"gap":{"reason":"resubscribed","dropped":0}}}`
	first := subscribed()
	if status, answer := g.operate(t, "/nodes/"+first+"/drain"); status != 200 {
		t.Fatalf("drain: %d %s", status, answer)
	}
	began := time.Now()
	s.expect(t, gap)
	t.Logf("subscribed again %v after the drain", time.Since(began))
	eventually(t, "the subscription on the drained node has ended", func() bool { return nodes[first].Subscribers(t) == before[first] })
	second := subscribed()
	if second == first || second == "" {
		t.Fatalf("subscribed on %q, then on %q", first, second)
	}
	nodes[second].Publish(t, "news", "1")
	s.expect(t, nextOf("1"))
	g.operate(t, "/nodes/"+first+"/undrain")
	nodes[second].Kill()
	began = time.Now()
	s.expect(t, gap)
	t.Logf("subscribed again %v after the node was killed", time.Since(began))
	nodes[first].Publish(t, "news", "2")
	s.expect(t, nextOf("2"))
}

// A subscription without a node waits for one.
func TestSubscriptionWaitsForANode(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions))
	s := g.subscribe(t, "news")
	waiting := func() float64 { return g.metric(t, `louche_subscription_feeds_waiting{app="/graphql"}`) }
	if got := waiting(); got != 0 {
		t.Errorf("%v subscriptions wait with a node", got)
	}
	g.operate(t, "/nodes/"+node.Name+"/drain")
	eventually(t, "it waits", func() bool { return waiting() == 1 })
	g.operate(t, "/nodes/"+node.Name+"/undrain")
	s.expect(t, `next {"data":null,"extensions":{"gap":{"reason":"resubscribed","dropped":0}}}`)
	if got := waiting(); got != 0 {
		t.Errorf("%v subscriptions wait with a node again", got)
	}
	node.Publish(t, "news", "1")
	s.expect(t, nextOf("1"))
}

// A subscription that fits the schema of no node any more ends, and the last result says why.
func TestSubscriptionThatFitsNoSchemaAnyMore(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Name: "testapp-a@127.0.0.1"})
	node.AddEvents(t)
	if !node.RealAbsinthe() { // its double runs the subscription without having it in its schema
		change(t, node, "  mutation: RootMutationType\n", "  mutation: RootMutationType\n  subscription: RootSubscriptionType\n")
		change(t, node, "type RootQueryType {\n", "type RootSubscriptionType {\n  event(channel: String!): Json\n}\n\ntype RootQueryType {\n")
	}
	g := startGateway(t, configFor(epmd, subscriptions, "    contract: {validate: enforce, pin: true}"))
	eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
	s := g.subscribe(t, "news")
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Name: "testapp-b@127.0.0.1"}) // without the subscription
	eventually(t, "both schemas are known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 2 })
	node.Kill()
	if got := s.next(t); !strings.HasPrefix(got, `next {"errors":[{"message":`) || !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") {
		t.Errorf("the last result is %q", got)
	}
	s.expect(t, "complete", "")
}

// A result that is no JSON is an error for the clients, and their subscription goes on.
func TestEventThatIsNoJSON(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions))
	s := g.subscribe(t, "news")
	node.Publish(t, "news", "{:a, :tuple}")
	if got := s.next(t); !strings.HasPrefix(got, `next {"errors":[{"message":`) {
		t.Errorf("the result is %q", got)
	}
	node.Publish(t, "news", "1")
	s.expect(t, nextOf("1"))
}

// A reload leaves streams of unchanged applications alone, and asks those of changed ones to
// subscribe again.
func TestSubscriptionsOutliveReloads(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions)+"shutdown_grace: 1s\n")
	s := g.subscribe(t, "news")
	for n := range 3 {
		g.configure(t, configFor(epmd, subscriptions)+fmt.Sprintf("shutdown_grace: 1s\nlimits: {batch: %d}\n", n+2))
		eventually(t, "the configuration is reloaded", func() bool { return strings.Count(g.log.String(), "configuration reloaded") == n+1 })
		node.Publish(t, "news", fmt.Sprint(n))
		s.expect(t, nextOf(fmt.Sprint(n)))
	}
	g.configure(t, configFor(epmd, subscriptions, "    timeout: 7s")+"shutdown_grace: 1s\n")
	s.expect(t, "retry 1000", "")
	g.subscribe(t, "news")
}

// A gateway that stops asks its subscribers to go elsewhere.
func TestSubscriptionsEndAtTheStop(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions)+"shutdown_grace: 5s\n") // a second of it is left at the end
	before := node.Subscribers(t)
	streams := []*stream{g.subscribe(t, "a"), g.subscribe(t, "b"), g.subscribe(t, "c")}
	g.begin()
	for _, s := range streams {
		s.expect(t, "retry 1000", "")
	}
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	waittest.Until(t, "no process is left", func() bool { return node.Subscribers(t) == before })
}
