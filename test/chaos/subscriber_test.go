package chaos

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
)

// A subscriber is a client with a subscription to events that are numbered from 1.
type subscriber struct {
	conn   net.Conn
	next   func() (string, error) // the next line or message
	leave  func() error           // ends the subscription as its protocol does
	last   atomic.Int64           // the number of its last event
	events atomic.Int64
	gaps   atomic.Int64
	ended  chan struct{}
	asked  bool   // to subscribe again; once ended
	fault  string // once ended
}

// subscribing are the ways to subscribe to a channel.
var subscribing = []func(*gateway, testing.TB, string) *subscriber{eventStream, multipart, webSocket, phoenixChannel}

const gapsWanted = `"extensions":{"gaps":true}`

func subscription(channel string) string {
	return fmt.Sprintf(`"query":"subscription { event(channel: \"%s\") }",`+gapsWanted, channel)
}

// hang returns the connection of a client whose subscription the application neither accepts
// nor refuses.
func (g *gateway) hang(t testing.TB, turn int) net.Conn {
	t.Helper()
	request := fmt.Sprintf(`"query":"subscription S%d { event(channel: \"hang\") }"`, turn)
	if turn%2 == 0 {
		return g.webSocketFor(t, request).conn
	}
	return g.requestStream(t, request, "text/event-stream")
}

// beRefused subscribes to a channel that the application refuses.
func (g *gateway) beRefused(t testing.TB, turn int) {
	t.Helper()
	s := subscribing[turn%2*2](g, t, "forbidden")
	defer s.conn.Close()
	for {
		text, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "this channel is forbidden") {
			return
		}
	}
}

func eventStream(g *gateway, t testing.TB, channel string) *subscriber {
	return g.stream(t, channel, "text/event-stream")
}

func multipart(g *gateway, t testing.TB, channel string) *subscriber {
	return g.stream(t, channel, `multipart/mixed;boundary="graphql";subscriptionSpec="1.0"`)
}

// stream returns a client that gets the events in a response.
func (g *gateway) stream(t testing.TB, channel, accept string) *subscriber {
	t.Helper()
	conn := g.requestStream(t, subscription(channel), accept)
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
			return &subscriber{conn: conn, leave: conn.Close, next: func() (string, error) { return lines.ReadString('\n') }}
		}
	}
}

// requestStream returns a connection on which it has requested a stream.
func (g *gateway) requestStream(t testing.TB, request, accept string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", g.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, strings.Replace(g.request("{"+request+"}"), "\r\n", "\r\nAccept: "+accept+"\r\n", 1))
	return conn
}

func webSocket(g *gateway, t testing.TB, channel string) *subscriber {
	return g.webSocketFor(t, subscription(channel))
}

func (g *gateway) webSocketFor(t testing.TB, request string) *subscriber {
	return g.socket(t, "/graphql", "graphql-transport-ws", `{"id":"1","type":"complete"}`,
		`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":{`+request+`}}`)
}

func phoenixChannel(g *gateway, t testing.TB, channel string) *subscriber {
	const topic = `"__absinthe__:control"`
	return g.socket(t, "/socket/websocket?vsn=2.0.0", "", `["1","3",`+topic+`,"unsubscribe",{"subscriptionId":"__absinthe__:doc:1"}]`,
		`["1","1",`+topic+`,"phx_join",{}]`, `["1","2",`+topic+`,"doc",{`+subscription(channel)+`}]`)
}

var socketDialer = websocket.Dialer{ReadBufferSize: 512, WriteBufferPool: new(sync.Pool)}

// socket returns a client that gets the events over a WebSocket, on which it has sent messages.
func (g *gateway) socket(t testing.TB, path, protocol, leave string, messages ...string) *subscriber {
	t.Helper()
	header := http.Header{"X-Api-Key": {apiKey}}
	if protocol != "" {
		header.Set("Sec-Websocket-Protocol", protocol)
	}
	ws, _, err := socketDialer.Dial("ws://"+g.listen+path, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	send := func(message string) error { return ws.WriteMessage(websocket.TextMessage, []byte(message)) }
	for _, message := range messages {
		if err := send(message); err != nil {
			t.Fatal(err)
		}
	}
	return &subscriber{
		conn:  ws.NetConn(),
		leave: func() error { return send(leave) },
		next: func() (string, error) {
			_, message, err := ws.ReadMessage()
			return string(message), err
		},
	}
}

// subscribe returns a client that reads its events. Clients use all protocols, in turn.
func (g *gateway) subscribe(t testing.TB, channel string, turn int) *subscriber {
	t.Helper()
	s := subscribing[turn%len(subscribing)](g, t, channel)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		defer s.conn.Close()
		s.fault = s.read()
	}()
	return s
}

var numbered = regexp.MustCompile(`"data":{"event":(\d+)}`)

// read reads events until the connection ends. It returns what is wrong with them.
func (s *subscriber) read() (fault string) {
	told := false
	for {
		text, err := s.next()
		if err != nil {
			s.asked = s.asked || websocket.IsCloseError(err, websocket.CloseGoingAway)
			return ""
		}
		switch found := numbered.FindStringSubmatch(text); {
		case found != nil:
			event, _ := strconv.ParseInt(found[1], 10, 64)
			if last := s.last.Load(); event <= last || event > last+1 && !told {
				return fmt.Sprintf("event %d after %d, gap told: %v", event, last, told)
			}
			told = false
			s.last.Store(event)
			s.events.Add(1)
		case strings.Contains(text, `"gap":`):
			told = true
			s.gaps.Add(1)
		case strings.HasPrefix(text, "retry: "), strings.Contains(text, "GOING_AWAY"):
			s.asked = true
		case strings.Contains(text, `"errors"`), strings.Contains(text, `"error"`):
			return "an error: " + text
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
