package chaos

import (
	"fmt"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// withSubscribers returns the settings of a gateway for many subscribers.
func (f *fleet) withSubscribers(top ...string) settings {
	s := f.settings(longTimeout, "pubsub: TestApp.PubSub", "phoenix_socket: /socket", "subscriptions: {per_identity: 100000, heartbeat: 5s}", "contract: {usage: true}")
	s.top = top
	return s
}

// room are limits for this number of subscribers.
func room(subscribers, batch int) string {
	return fmt.Sprintf("limits: {connections: %d, connections_per_address: %d, subscriptions: %d, write_timeout: 2s, batch: %d}", subscribers+100, subscribers+100, subscribers+10, batch)
}

// publish publishes a number on all channels of a node, as a pubsub does on each node.
func publish(t testing.TB, n *beamtest.Node, channels int, event int64) {
	t.Helper()
	n.Eval(t, fmt.Sprintf(`for c <- 1..%d, do: TestApp.PubSub.publish("c#{c}", %d)
:ok`, channels, event))
}

// publishLarge publishes more than the sockets between the gateway and a client hold.
func publishLarge(t testing.TB, n *beamtest.Node, channel string) {
	t.Helper()
	n.Eval(t, fmt.Sprintf(`for _ <- 1..200, do: TestApp.PubSub.publish(%q, String.duplicate("x", 100_000))
:ok`, channel))
}

// subscribed returns how many processes are subscribed on the nodes.
func (f *fleet) subscribed(t testing.TB) (n int) {
	t.Helper()
	for _, node := range f.live {
		count, err := strconv.Atoi(node.Subscribers(t))
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	return n
}

// subscribeAll returns subscribers of the channels, in turn, once each channel is subscribed.
func (g *gateway) subscribeAll(t *testing.T, f *fleet, count, channels int) []*subscriber {
	t.Helper()
	before := f.subscribed(t)
	all := make([]*subscriber, count)
	for i := range all {
		all[i] = g.subscribe(t, fmt.Sprintf("c%d", i%channels+1), i)
	}
	eventually(t, "all are subscribed", func() bool {
		return g.metric(t, `louche_subscriptions{app="/graphql"}`) == float64(count) && f.subscribed(t) == before+channels
	})
	return all
}

// Nodes are killed and replaced, and the configuration is reloaded, under many subscribers of
// all protocols. None loses its connection. Each gets each event that was published while its
// subscription stood, once and in order, and is told of each gap. At the end the gateway asks
// all to subscribe again.
func TestSubscribersOutliveTheirNodes(t *testing.T) {
	count, channels, kills, reloads := form(300, 10000), form(10, 50), form(3, 24), form(3, 20)
	f := startFleet(t, 3, 0)
	settings := func(batch int) settings {
		return f.withSubscribers(room(count, batch), fmt.Sprintf("shutdown_grace: %v", form(5*time.Second, 20*time.Second)), "shutdown_delay: 0s")
	}
	g := startGateway(t, nil, settings(2))
	g.waitConnected(t, 3)
	before := g.vitals(t).rss
	began := time.Now()
	all := g.subscribeAll(t, f, count, channels)
	took := time.Since(began)
	for _, subscribe := range subscribing {
		subscribe(g, t, "unread")
	}
	g.waitIdle(t)
	each := float64(g.vitals(t).rss-before) / float64(count)

	var event int64
	tell := func() {
		event++
		for _, n := range f.live {
			publish(t, n, channels, event)
		}
	}
	lagging := func() (n int) {
		for _, s := range all {
			if s.last.Load() < event && !s.hasEnded() {
				n++
			}
		}
		return n
	}
	flood := func() {
		for _, n := range f.live {
			publishLarge(t, n, "unread")
		}
	}
	flood()
	next := func() {
		tell()
		eventually(t, "most subscribers have the event", func() bool { return lagging() <= count/2 })
	}
	loaded := 0
	began = time.Now()
	pace := time.NewTicker(form(time.Millisecond, 5*time.Second))
	defer pace.Stop()
	for killed := range kills {
		for range 3 {
			next()
		}
		for loaded < reloads*(killed+1)/kills {
			loaded++
			g.configure(t, settings(2+loaded))
			eventually(t, "the configuration is reloaded", func() bool { return len(g.log.Lines("configuration reloaded")) >= loaded })
			next()
		}
		<-pace.C
		f.kill()
		for range 5 {
			tell()
		}
		f.start(t)
		g.waitConnected(t, 3)
		next()
	}
	killing := time.Since(began)
	eventually(t, "each subscription has a node", func() bool {
		return g.metric(t, `louche_subscription_feeds_waiting{app="/graphql"}`) == 0
	})
	tell()
	eventually(t, "all subscribers have the last event", func() bool { return lagging() == 0 })

	eventually(t, "the gateway has disconnected the clients that do not read", func() bool {
		flood() // again: the gateway drops what its queue does not hold
		return g.metric(t, `louche_subscriptions{app="/graphql"}`) == float64(count)
	})
	g.cmd.Process.Signal(syscall.SIGTERM)
	<-g.exited
	var got, gaps, lost int64
	for i, s := range all {
		<-s.ended
		got, gaps = got+s.events.Load(), gaps+s.gaps.Load()
		if !s.asked {
			lost++
		}
		if s.fault != "" {
			t.Fatalf("subscriber %d: %s", i, s.fault)
		}
	}
	t.Logf("figures: %d subscribers of %d channels subscribed in %v, with %.1f KB of the gateway's memory each; %d nodes killed, %d reloads in %v; %d events for each, %d arrived, %d gaps were told",
		count, channels, took, each/1000, kills, loaded, killing, event, got, gaps)
	if lost > 0 {
		t.Errorf("%d of %d subscribers lost their connection", lost, count)
	}
	if gaps == 0 {
		t.Error("no kill met a subscription, so the test shows nothing")
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the gateway ended with %d", code)
	}
}

// waitIdle waits until the memory of the gateway is what idle subscribers take: Go collects
// garbage at least every two minutes.
func (g *gateway) waitIdle(t testing.TB) {
	if long {
		time.Sleep(3 * time.Minute)
	}
}

// killSubscribers kills the processes that are subscribed on a node.
const killSubscribers = `for c <- Registry.select(TestApp.PubSub, [{{:_, :"$1", :_}, [], [:"$1"]}]), do: Process.exit(c, :kill)
:ok`

// Subscriptions of all protocols leave no process and no atom on their node, however they end.
func TestSubscribersLeaveNothing(t *testing.T) {
	count := form(100, 10000)
	f := startFleet(t, 1, 0)
	n := f.live[0]
	g := startGateway(t, nil, f.withSubscribers(room(count, 2), "shutdown_grace: 2s"))
	g.waitConnected(t, 1)
	processes := func() int {
		count, err := strconv.Atoi(n.Eval(t, ":erlang.system_info(:process_count)"))
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	awaitEnds := func(all []*subscriber) {
		for _, s := range all {
			<-s.ended
		}
	}
	disconnect := func(all []*subscriber) {
		for _, s := range all {
			s.conn.Close()
		}
		awaitEnds(all)
	}
	awaitGaps := func(all []*subscriber) {
		for _, s := range all {
			eventually(t, "the client is told of the gap", func() bool { return s.gaps.Load() > 0 })
		}
	}
	gone := func(before int) func() bool { return func() bool { return processes() <= before } }
	idle := processes() // with the connection of the gateway
	disconnect(g.subscribeAll(t, f, len(subscribing), 1))
	g.beRefused(t, 0)
	publish(t, n, 1, 1)
	n.Eval(t, killSubscribers)
	eventually(t, "the first subscriptions have ended", gone(idle))
	before := n.Atoms(t)

	for _, tt := range []struct {
		name string
		end  func(all []*subscriber)
	}{
		{"their clients disconnect", disconnect},
		{"their clients end them", func(all []*subscriber) {
			for _, s := range all {
				if err := s.leave(); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "all have ended", gone(idle))
			disconnect(all)
		}},
		{"their clients disconnect before they are subscribed", func(all []*subscriber) {
			disconnect(all)
			for range count / 20 {
				var waiting []net.Conn
				for i := range 20 {
					waiting = append(waiting, g.hang(t, i))
				}
				eventually(t, "the application has all", func() bool { return processes() >= idle+len(waiting) })
				for _, conn := range waiting {
					conn.Close()
				}
			}
		}},
		{"their application refuses them", func(all []*subscriber) {
			disconnect(all)
			for i := range count {
				g.beRefused(t, i)
			}
		}},
		{"their clients do not read", func(all []*subscriber) {
			disconnect(all)
			for i := range 12 {
				subscribing[i%len(subscribing)](g, t, "unread")
			}
			eventually(t, "the gateway has disconnected clients that do not read", func() bool {
				publishLarge(t, n, "unread") // again: the gateway drops what its queue does not hold
				return f.subscribed(t) == 0
			})
		}},
		{"their processes are killed", func(all []*subscriber) {
			n.Eval(t, killSubscribers)
			awaitGaps(all)
			disconnect(all)
		}},
		{"the connection to their node is lost", func(all []*subscriber) {
			n.Eval(t, "for c <- Node.list(:hidden), do: Node.disconnect(c)\n:ok")
			awaitGaps(all)
			disconnect(all)
		}},
		{"their application changes", func(all []*subscriber) {
			s := f.withSubscribers(room(count, 2), "shutdown_grace: 2s")
			s.app[0] = "timeout: 50s"
			g.configure(t, s)
			awaitEnds(all)
		}},
		{"the gateway is killed", func(all []*subscriber) {
			g.cmd.Process.Kill()
			<-g.exited
			awaitEnds(all)
		}},
	} {
		all := g.subscribeAll(t, f, count, count)
		publish(t, n, count, 1)
		tt.end(all)
		eventually(t, tt.name+", and no process is left", gone(idle))
	}
	if after := n.Atoms(t); after != before {
		t.Errorf("%d atoms, %d before: %s", after, before, n.NewAtoms(t, before))
	}
}
