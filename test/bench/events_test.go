package bench

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// BenchmarkEvents compares subscriptions through the gateway with Phoenix channels, where
// ERL_LIBS has Phoenix, absinthe_phoenix and Bandit: the time of single events for one client,
// and the throughput of events for 1,000 clients. An event for one client counts as a request.
func BenchmarkEvents(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	node := startNode(b, epmd, "testapp@127.0.0.1")
	fmt.Printf("OTP %s, real Absinthe: %v\n", node.OTP(), node.RealAbsinthe())
	node.AddEvents(b)
	pubsub, phoenix := "TestApp.PubSub", ""
	if node.Eval(b, "Code.ensure_loaded?(Absinthe.Phoenix.Channel) and Code.ensure_loaded?(Bandit.PhoenixAdapter)") == "true" {
		load(b, node, "phoenix")
		pubsub, phoenix = "Bench.PhoenixEndpoint", "127.0.0.1:"+node.Eval(b, "Bench.PhoenixEndpoint.start()")
	} else {
		fmt.Println("without Phoenix: ERL_LIBS has no Phoenix, absinthe_phoenix and Bandit")
	}
	gateway := StartGateway(b, configuration(b, beamtest.DefaultCookie)+application("/graphql", "TestApp.Schema", "testapp", epmd)+
		"    pubsub: "+pubsub+"\n    phoenix_socket: /socket\n    subscriptions: {per_identity: 20000}\n")
	many := 1000
	if Short() {
		many = 50
	}
	back, front := Process{"back", node.PID()}, Process{"front", gateway.PID}
	for _, kind := range []struct {
		title            string
		clients, atATime int
	}{{"one event, then the next", 1, 1}, {"16 events at a time", many, 16}} {
		var candidates []Candidate
		add := func(name, address string, open func(net.Conn, string), processes ...Process) {
			load := &events{b: b, node: node, pubsub: pubsub, channel: fmt.Sprintf("%d-%d", kind.clients, len(candidates)), address: address, open: open, atATime: int64(kind.atATime), finished: make(chan struct{}, 1)}
			b.Cleanup(load.close)
			candidates = append(candidates, Candidate{name, load, processes})
		}
		if phoenix != "" {
			add("Phoenix channels", phoenix, openChannel, back)
		}
		add("Louche, server-sent events", gateway.Address, openStream, front, back)
		add("Louche, graphql-transport-ws", gateway.Address, openSocket, front, back)
		add("Louche, Phoenix channels", gateway.Address, openChannel, front, back)
		results, err := Compare(candidates, kind.clients, *turns, *duration)
		if err != nil {
			b.Fatal(err)
		}
		row{workload{title: "events of a subscription, " + kind.title}, kind.clients, results}.print(os.Stdout)
	}
	b.ReportMetric(0, "ns/op") // the sum of all has no meaning
}

// events is a load of events for the clients of one subscription.
type events struct {
	b                        testing.TB
	node                     *beamtest.Node
	pubsub, channel, address string
	open                     func(conn net.Conn, channel string) // subscribes
	atATime                  int64
	clients                  []*eventClient
	last                     atomic.Int64  // the number of the last event
	missing                  atomic.Int64  // clients that have not got it
	finished                 chan struct{} // holds a token when none is missing
}

type eventClient struct {
	conn  net.Conn
	times []time.Duration // from the publication of each event
}

// Run implements [Load].
func (e *events) Run(clients int, duration time.Duration) (Run, error) {
	if e.clients == nil {
		e.subscribe(clients)
	}
	for _, c := range e.clients {
		c.times = c.times[:0]
	}
	began := time.Now()
	for first := true; first || time.Since(began) < duration; first = false {
		if !e.publish(e.atATime, time.Minute) {
			return Run{}, fmt.Errorf("%d clients of %d did not get an event", e.missing.Load(), clients)
		}
	}
	run := Run{Elapsed: time.Since(began)}
	var times []time.Duration
	for _, c := range e.clients {
		times = append(times, c.times...)
	}
	slices.Sort(times)
	run.Requests, run.P50, run.P99 = len(times), times[len(times)/2], times[len(times)*99/100]
	return run, nil
}

// subscribe opens the connections, and publishes until all of them get an event.
func (e *events) subscribe(clients int) {
	for range clients {
		conn, err := net.Dial("tcp", e.address)
		if err != nil {
			e.b.Fatal(err)
		}
		c := &eventClient{conn: conn}
		e.clients = append(e.clients, c)
		e.open(conn, e.channel)
		go e.read(c)
	}
	for !e.publish(1, time.Second) {
	}
}

func (e *events) close() {
	for _, c := range e.clients {
		c.conn.Close()
	}
}

// publish publishes events, and waits until each client has the last one.
func (e *events) publish(count int64, timeout time.Duration) bool {
	select {
	case <-e.finished:
	default:
	}
	first := e.last.Load() + 1
	e.missing.Store(int64(len(e.clients)))
	e.last.Store(first + count - 1)
	e.node.Eval(e.b, fmt.Sprintf(`for n <- %d..%d, do: Absinthe.Subscription.publish(%s, %%{"at" => System.os_time(:nanosecond), "n" => n}, event: %q)
:ok`, first, first+count-1, e.pubsub, e.channel))
	select {
	case <-e.finished:
		return true
	case <-time.After(timeout):
		return false
	}
}

var eventIn = regexp.MustCompile(`\{"at":(\d+),"n":(\d+)\}`)

// read takes events from what the client gets, whose text all protocols have as it is.
func (e *events) read(c *eventClient) {
	buffer, filled := make([]byte, 8192), 0
	for {
		n, err := c.conn.Read(buffer[filled:])
		if err != nil {
			return
		}
		filled += n
		done := 0
		for _, at := range eventIn.FindAllSubmatchIndex(buffer[:filled], -1) {
			published, _ := strconv.ParseInt(string(buffer[at[2]:at[3]]), 10, 64)
			number, _ := strconv.ParseInt(string(buffer[at[4]:at[5]]), 10, 64)
			c.times = append(c.times, time.Since(time.Unix(0, published)))
			done = at[1]
			if number == e.last.Load() && e.missing.Add(-1) == 0 {
				e.finished <- struct{}{}
			}
		}
		done = max(done, filled-200) // the begin of the next event
		filled = copy(buffer, buffer[done:filled])
	}
}

func subscriptionTo(channel string) string {
	return fmt.Sprintf(`{"query":"subscription { event(channel: \"%s\") }"}`, channel)
}

func openStream(conn net.Conn, channel string) {
	body := subscriptionTo(channel)
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: gateway\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func openSocket(conn net.Conn, channel string) {
	upgrade(conn, "/graphql", "Sec-WebSocket-Protocol: graphql-transport-ws\r\n")
	sendFrames(conn, `{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":`+subscriptionTo(channel)+`}`)
}

func openChannel(conn net.Conn, channel string) {
	upgrade(conn, "/socket/websocket?vsn=2.0.0", "")
	sendFrames(conn, `["1","1","__absinthe__:control","phx_join",{}]`, `["1","2","__absinthe__:control","doc",`+subscriptionTo(channel)+`]`)
}

// upgrade makes a connection a WebSocket.
func upgrade(conn net.Conn, path, header string) {
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path, conn.RemoteAddr(), header)
	for head := bufio.NewReaderSize(conn, 16); ; {
		if line, err := head.ReadString('\n'); err != nil || strings.TrimSpace(line) == "" {
			return
		}
	}
}

// sendFrames sends messages of at most 64 KiB, masked by zeros.
func sendFrames(conn net.Conn, messages ...string) {
	for _, m := range messages {
		head := []byte{0x81, 0x80 | 126, byte(len(m) >> 8), byte(len(m)), 0, 0, 0, 0}
		conn.Write(append(head, m...))
	}
}
