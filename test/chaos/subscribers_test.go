package chaos

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A subscriber is a client with a subscription to events that are numbered from 1.
type subscriber struct {
	conn   net.Conn
	last   atomic.Int64 // the number of its last event
	events atomic.Int64
	gaps   atomic.Int64
	asked  atomic.Bool // to subscribe again
	ended  chan struct{}
	fault  string // once ended
}

// stream returns a connection on which the gateway streams the events of a channel.
func (g *gateway) stream(t testing.TB, channel string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", g.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := fmt.Sprintf(`{"query":"subscription { event(channel: \"%s\") }","extensions":{"gaps":true}}`, channel)
	fmt.Fprint(conn, strings.Replace(g.request(body), "\r\n", "\r\nAccept: text/event-stream\r\n", 1))
	lines := bufio.NewReaderSize(conn, 512)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		switch {
		case err != nil:
			t.Fatalf("the subscription of %s has no head: %v", channel, err)
		case n == 0 && !strings.Contains(line, " 200 "):
			rest, _ := lines.ReadString('}')
			t.Fatalf("the subscription of %s: %s%s", channel, line, rest)
		case line == "\r\n":
			return conn, lines
		}
	}
}

func (g *gateway) subscribe(t testing.TB, channel string) *subscriber {
	t.Helper()
	s := &subscriber{ended: make(chan struct{})}
	var lines *bufio.Reader
	s.conn, lines = g.stream(t, channel)
	go func() {
		defer close(s.ended)
		defer s.conn.Close()
		s.fault = s.read(lines)
	}()
	return s
}

// read reads events until the connection ends. It returns what is wrong with them.
func (s *subscriber) read(lines *bufio.Reader) (fault string) {
	told := false
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return ""
		}
		if strings.HasPrefix(line, "retry: ") {
			s.asked.Store(true)
		}
		data, isData := strings.CutPrefix(line, "data: ")
		if !isData {
			continue
		}
		var result struct {
			Data       struct{ Event int64 }
			Extensions struct{ Gap *struct{} }
		}
		if err := json.Unmarshal([]byte(data), &result); err != nil {
			return fmt.Sprintf("%v in %s", err, data)
		}
		switch last, event := s.last.Load(), result.Data.Event; {
		case result.Extensions.Gap != nil:
			told = true
			s.gaps.Add(1)
		case event <= last:
			return fmt.Sprintf("event %d after %d: %s", event, last, data)
		case event != last+1 && !told:
			return fmt.Sprintf("event %d after %d, and no gap was told", event, last)
		default:
			told = false
			s.last.Store(event)
			s.events.Add(1)
		}
	}
}

func (s *subscriber) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// subscribing are the settings of a gateway for many subscribers.
func (f *fleet) subscribing(top ...string) settings {
	s := f.settings(longTimeout, "pubsub: TestApp.PubSub", "subscriptions: {per_identity: 100000, heartbeat: 5s}", "contract: {usage: true}")
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

// subscribeAll has subscribers of the channels, in turn.
func (g *gateway) subscribeAll(t *testing.T, count, channels int) []*subscriber {
	t.Helper()
	all := make([]*subscriber, count)
	for i := range all {
		all[i] = g.subscribe(t, fmt.Sprintf("c%d", i%channels+1))
	}
	return all
}

// Nodes are killed and replaced, and the configuration is reloaded, under many subscribers.
// None loses its connection. Each gets each event that was published while its subscription
// stood, once and in order, and is told of each gap. At the end the gateway asks all to
// subscribe again.
func TestSubscribersOutliveTheirNodes(t *testing.T) {
	count, channels, kills, reloads := form(300, 10000), form(10, 50), form(3, 24), form(3, 20)
	f := startFleet(t, 3, 0)
	settings := func(batch int) settings {
		return f.subscribing(room(count, batch), fmt.Sprintf("shutdown_grace: %v", form(2*time.Second, 20*time.Second)), "shutdown_delay: 0s")
	}
	g := startGateway(t, nil, settings(2))
	g.waitConnected(t, 3)
	before := g.vitals(t).rss
	began := time.Now()
	all := g.subscribeAll(t, count, channels)
	took := time.Since(began)
	g.stream(t, "unread")
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
		f.kill()
		for range 5 {
			tell()
		}
		f.start(t)
		g.waitConnected(t, 3)
		next()
	}
	eventually(t, "each subscription has a node", func() bool {
		return g.metric(t, `louche_subscription_feeds_waiting{app="/graphql"}`) == 0
	})
	tell()
	eventually(t, "all subscribers have the last event", func() bool { return lagging() == 0 })

	eventually(t, "the gateway has disconnected the client that does not read", func() bool {
		flood() // again: the gateway drops what its queue does not hold
		return g.metric(t, `louche_subscriptions{app="/graphql"}`) == float64(count)
	})
	g.cmd.Process.Signal(syscall.SIGTERM)
	<-g.exited
	var got, gaps, lost int64
	for i, s := range all {
		<-s.ended
		got, gaps = got+s.events.Load(), gaps+s.gaps.Load()
		if !s.asked.Load() {
			lost++
		}
		if s.fault != "" {
			t.Fatalf("subscriber %d: %s", i, s.fault)
		}
	}
	t.Logf("figures: %d subscribers of %d channels subscribed in %v, with %.1f KB of the gateway's memory each; %d nodes killed, %d reloads; %d events for each, %d arrived, %d gaps were told",
		count, channels, took, each/1000, kills, loaded, event, got, gaps)
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

// Subscriptions leave no process and no atom on their node, however they end.
func TestSubscribersLeaveNothing(t *testing.T) {
	count := form(100, 10000)
	f := startFleet(t, 1, 0)
	n := f.live[0]
	g := startGateway(t, nil, f.subscribing(room(count, 2), "shutdown_grace: 2s"))
	g.waitConnected(t, 1)
	processes := func() int {
		count, err := strconv.Atoi(n.Eval(t, ":erlang.system_info(:process_count)"))
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	end := func(all []*subscriber) {
		for _, s := range all {
			s.conn.Close()
			<-s.ended
		}
	}
	gone := func(before int) func() bool { return func() bool { return processes() <= before } }
	idle := processes() // with the connection of the gateway
	end(g.subscribeAll(t, 1, 1))
	publish(t, n, 1, 1)
	eventually(t, "the first subscription has ended", gone(idle))
	before := n.Atoms(t)

	for _, tt := range []struct {
		name string
		end  func(all []*subscriber)
	}{
		{"their clients leave", end},
		{"their clients do not read", func(all []*subscriber) {
			end(all)
			for range 10 {
				g.stream(t, "unread")
			}
			eventually(t, "the gateway has disconnected clients that do not read", func() bool {
				publishLarge(t, n, "unread") // again: the gateway drops what its queue does not hold
				return g.metric(t, `louche_subscriptions{app="/graphql"}`) == 0
			})
		}},
		{"their application changes", func(all []*subscriber) {
			s := f.subscribing(room(count, 2), "shutdown_grace: 2s")
			s.app[0] = "timeout: 50s"
			g.configure(t, s)
			for _, s := range all {
				<-s.ended
			}
		}},
		{"the gateway is killed", func(all []*subscriber) {
			g.cmd.Process.Kill()
			<-g.exited
			for _, s := range all {
				<-s.ended
			}
		}},
	} {
		all := g.subscribeAll(t, count, count)
		publish(t, n, count, 1)
		tt.end(all)
		eventually(t, tt.name+", and no process is left", gone(idle))
	}
	if after := n.Atoms(t); after != before {
		t.Errorf("%d atoms, %d before: %s", after, before, n.NewAtoms(t, before))
	}
}
