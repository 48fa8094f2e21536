package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// withPubSub is a context with the pubsub module.
func withPubSub() []byte {
	b := etf.AppendAtom(etf.AppendMap(nil, 1), "pubsub")
	return etf.AppendAtom(b, "Elixir.TestApp.PubSub")
}

func events(channel string) rpcclient.Operation {
	return rpcclient.Operation{Document: `subscription { event(channel: "` + channel + `") }`, Context: withPubSub()}
}

// nextEvent returns the JSON of the next event.
func nextEvent(t testing.TB, s *rpcclient.Subscription) (lost int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Limit)
	defer cancel()
	e, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if e.Result == nil {
		return e.Lost, ""
	}
	defer e.Result.Release()
	b, err := e.Result.Value.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.Lost, string(b)
}

// subscribing starts a node with the subscription, and returns it with a client.
func subscribing(t *testing.T, change func(*rpcclient.AbsintheConfig)) (*beamtest.Node, *rpcclient.Absinthe) {
	t.Helper()
	node, addr := startApp(t, beamtest.Options{})
	node.AddEvents(t)
	g := startGateway(t, nil)
	app := &rpcclient.Absinthe{Pool: g.pool(t, rpcclient.PoolConfig{}, addr), Config: rpcclient.AbsintheConfig{Schema: "TestApp.Schema", PubSub: "TestApp.PubSub"}}
	if change != nil {
		change(&app.Config)
	}
	return node, app
}

func subscribe(t testing.TB, app *rpcclient.Absinthe, op rpcclient.Operation) *rpcclient.Subscription {
	t.Helper()
	s, result, err := app.Subscribe(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	if result != nil {
		t.Fatalf("not subscribed: %s", result.Value)
	}
	t.Cleanup(s.Close)
	return s
}

func TestSubscribe(t *testing.T) {
	node, app := subscribing(t, nil)
	before := node.Subscribers(t)
	s := subscribe(t, app, events("news"))
	for n := range 100 { // more than the credit
		node.Publish(t, "news", fmt.Sprint(n))
		node.Publish(t, "other", `"of another channel"`)
		if lost, got := nextEvent(t, s); got != fmt.Sprintf(`{"data":{"event":%d}}`, n) || lost != 0 {
			t.Fatalf("event %d is %s, %d were lost", n, got, lost)
		}
		checkHello(t, app.Pool) // the node has got the credit, which was sent before the call
	}
	node.Publish(t, "news", `String.duplicate("x", 300_000)`) // in fragments
	if _, got := nextEvent(t, s); len(got) < 300_000 {
		t.Errorf("an event of 300 kB has %d bytes", len(got))
	}
	s.Close()
	waittest.Until(t, "the process has ended", func() bool { return node.Subscribers(t) == before })
}

// What Absinthe does not subscribe is an answer; a crash is an error.
func TestSubscribeIsRefused(t *testing.T) {
	node, app := subscribing(t, nil)
	before := node.Subscribers(t)
	s, result, err := app.Subscribe(t.Context(), events("forbidden"))
	if err != nil || s != nil {
		t.Fatalf("%v, %v", s, err)
	}
	defer result.Release()
	if text := result.Value.String(); !strings.Contains(text, "this channel is forbidden") {
		t.Errorf("the answer is %s", text)
	}
	var crash *rpcclient.CallError
	if _, _, err := app.Subscribe(t.Context(), events("raise")); !errors.As(err, &crash) || !strings.Contains(err.Error(), "a secret of the channel") {
		t.Errorf("%v, want the exception", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := app.Subscribe(ctx, events("hang")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the end of the context", err)
	}
	waittest.Until(t, "no process is left", func() bool { return node.Subscribers(t) == before })
}

// While the gateway takes no events, the node keeps none, and tells how many it did not send.
func TestSubscriptionCredit(t *testing.T) {
	node, app := subscribing(t, nil)
	s := subscribe(t, app, events("news"))
	node.Eval(t, `for n <- 1..1000, do: TestApp.PubSub.publish("news", n)`)
	taken, lost := 0, 0
	for {
		missing, text := nextEvent(t, s)
		lost += missing
		if text != "" {
			taken++
		}
		if text == `{"data":{"event":"last"}}` {
			break
		}
		if taken+lost == 1000 {
			node.Publish(t, "news", `"last"`)
		}
	}
	if taken > 200 || taken < 10 || taken+lost != 1001 {
		t.Errorf("%d events were taken and %d lost of 1001", taken, lost)
	}
}

// The process ends with the connection of the gateway.
func TestSubscriptionEndsWithTheGateway(t *testing.T) {
	node, app := subscribing(t, nil)
	before := node.Subscribers(t)
	s := subscribe(t, app, events("news"))
	if node.Subscribers(t) == before {
		t.Fatal("no process is subscribed")
	}
	node.Eval(t, `Node.disconnect(:"louche@127.0.0.1")`)
	if _, err := s.Next(t.Context()); !rpcclient.IsLost(err) {
		t.Errorf("%v, want a lost connection", err)
	}
	waittest.Until(t, "the process has ended", func() bool { return node.Subscribers(t) == before })
}

// A subscription leaves a drained node.
func TestSubscriptionLeavesADrainedNode(t *testing.T) {
	node, addr := startApp(t, beamtest.Options{})
	node.AddEvents(t)
	g := startGateway(t, nil)
	app := &rpcclient.Absinthe{Pool: g.pool(t, rpcclient.PoolConfig{}, addr), Config: rpcclient.AbsintheConfig{Schema: "TestApp.Schema", PubSub: "TestApp.PubSub"}}
	s := subscribe(t, app, events("news"))
	g.SetDrained(node.Name, true)
	if _, err := s.Next(t.Context()); !errors.Is(err, rpcclient.ErrMoved) {
		t.Errorf("%v, want ErrMoved", err)
	}
}

// The application's function builds the context of a subscription, too.
func TestSubscriptionContextFrom(t *testing.T) {
	node, app := subscribing(t, func(c *rpcclient.AbsintheConfig) { c.ContextFrom = "TestApp.Gateway.build_context" })
	s := subscribe(t, app, events("news"))
	node.Publish(t, "news", `1`)
	if _, got := nextEvent(t, s); got != `{"data":{"event":1}}` {
		t.Error(got)
	}
	op := events("news")
	op.Claims = etf.AppendBinary(etf.AppendBinary(etf.AppendMap(nil, 1), "reply"), "forbidden")
	var refused *rpcclient.ContextError
	if _, _, err := app.Subscribe(t.Context(), op); !errors.As(err, &refused) || !refused.Forbidden {
		t.Errorf("%v, want a ContextError", err)
	}
}
