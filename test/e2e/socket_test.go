package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A socket is a WebSocket of a client.
type socket struct {
	*websocket.Conn
	t *testing.T
}

// dial opens a WebSocket without an init message.
func (g *running) dial(t *testing.T, protocol string, header http.Header) (*socket, error) {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(g.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{protocol}, HTTPHeader: header})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%s: %w", resp.Status, err)
		}
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { conn.CloseNow() })
	return &socket{conn, t}, nil
}

// socket opens a WebSocket that is initiated.
func (g *running) socket(t *testing.T) *socket {
	t.Helper()
	s, err := g.dial(t, "graphql-transport-ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.send(`{"type":"connection_init"}`)
	s.expect(`{"type":"connection_ack"}`)
	return s
}

func (s *socket) send(message string) {
	s.t.Helper()
	if err := s.Write(s.t.Context(), websocket.MessageText, []byte(message)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) next() (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), waittest.Limit)
	defer cancel()
	_, message, err := s.Read(ctx)
	return string(message), err
}

// expect fails unless these are the next messages.
func (s *socket) expect(messages ...string) {
	s.t.Helper()
	for _, want := range messages {
		if got, err := s.next(); err != nil || got != want {
			s.t.Fatalf("message %s, %v, want %s", got, err, want)
		}
	}
}

// expectClose fails unless the gateway closes the connection next.
func (s *socket) expectClose(code websocket.StatusCode, reason string) {
	s.t.Helper()
	message, err := s.next()
	if websocket.CloseStatus(err) != code || !strings.Contains(err.Error(), reason) {
		s.t.Errorf("message %q, %v; want the code %d, %s", message, err, code, reason)
	}
}

func TestSocket(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	addEvents(t, node)
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {per_connection: 2}"))
	before := subscribers(t, node)
	s := g.socket(t)
	s.send(`{"type":"ping","payload":{"a":1}}`)
	s.expect(`{"type":"pong","payload":{"a":1}}`)

	// A query, a mutation and errors.
	s.send(`{"id":"q","type":"subscribe","payload":{"query":"query($t: String) { echoText(text: $t) }","variables":{"t":"x"}}}`)
	s.expect(`{"id":"q","type":"next","payload":{"data":{"echoText":"x"}}}`, `{"id":"q","type":"complete"}`)
	s.send(`{"id":"q","type":"subscribe","payload":{"query":"mutation { append(id: \"1\") }"}}`) // the id is free again
	s.expect(`{"id":"q","type":"next","payload":{"data":{"append":true}}}`, `{"id":"q","type":"complete"}`)
	s.send(`{"id":"e","type":"subscribe","payload":{"query":"{ raise }"}}`)
	s.expect(`{"id":"e","type":"error","payload":[{"message":"The operation failed in the application.","extensions":{"code":"INTERNAL"}}]}`)
	s.send(`{"id":"f","type":"subscribe","payload":{"query":"subscription { event(channel: \"forbidden\") }"}}`)
	if message, err := s.next(); err != nil || !strings.HasPrefix(message, `{"id":"f","type":"error","payload":[{`) || !strings.Contains(message, "this channel is forbidden") {
		t.Errorf("%s, %v", message, err)
	}

	// Subscriptions.
	subscribe := func(id, channel string) {
		one := subscribers(t, node)
		s.send(`{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { event(channel: \"` + channel + `\") }"}}`)
		waittest.Until(t, "subscribed", func() bool { return subscribers(t, node) != one })
	}
	subscribe("1", "news")
	subscribe("2", "other")
	s.send(`{"id":"3","type":"subscribe","payload":{"query":"{ counter }"}}`)
	if message, _ := s.next(); !strings.Contains(message, `"error"`) || !strings.Contains(message, "TOO_MANY_SUBSCRIPTIONS") {
		t.Errorf("a third operation: %s", message)
	}
	publish(t, node, "news", "1")
	s.expect(`{"id":"1","type":"next","payload":{"data":{"event":1}}}`)
	publish(t, node, "other", "2")
	s.expect(`{"id":"2","type":"next","payload":{"data":{"event":2}}}`)
	s.send(`{"id":"1","type":"complete"}`)
	s.send(`{"id":"2","type":"complete"}`)
	waittest.Until(t, "no process is left", func() bool { return subscribers(t, node) == before })
	subscribe("1", "news")
	s.CloseNow()
	waittest.Until(t, "no process is left", func() bool { return subscribers(t, node) == before })
}

// The codes with which the protocol closes connections.
func TestSocketCloses(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions)+"limits: {body: 1000}\n")
	const initiate = `{"type":"connection_init"}`
	const hang = `{"id":"1","type":"subscribe","payload":{"query":"{ sleep(ms: 3600000) }"}}`
	for name, test := range map[string]struct {
		messages []string
		code     websocket.StatusCode
		reason   string
	}{
		"no init":        {nil, 4408, "Connection initialisation timeout"},
		"two inits":      {[]string{initiate, initiate}, 4429, "Too many initialisation requests"},
		"no ack":         {[]string{hang}, 4401, "Unauthorized"},
		"an id twice":    {[]string{initiate, hang, hang}, 4409, "Subscriber for 1 already exists"},
		"no JSON":        {[]string{"{"}, 4400, ""},
		"no type":        {[]string{`{"id":"1"}`}, 4400, ""},
		"an other type":  {[]string{initiate, `{"id":"1","type":"start"}`}, 4400, ""},
		"no id":          {[]string{initiate, `{"type":"subscribe","payload":{"query":"{ a }"}}`}, 4400, ""},
		"no payload":     {[]string{initiate, `{"id":"1","type":"subscribe"}`}, 4400, ""},
		"no query":       {[]string{initiate, `{"id":"1","type":"subscribe","payload":{}}`}, 4400, ""},
		"a long message": {[]string{initiate, `{"id":"1","type":"subscribe","payload":{"query":"` + strings.Repeat("x", 2000) + `"}}`}, websocket.StatusMessageTooBig, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := g.dial(t, "graphql-transport-ws", nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, message := range test.messages {
				s.send(message)
				if i == 0 && message == initiate {
					s.expect(`{"type":"connection_ack"}`)
				}
			}
			s.expectClose(test.code, test.reason)
		})
	}
	t.Run("another protocol", func(t *testing.T) {
		s, err := g.dial(t, "mqtt", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.expectClose(4406, "Subprotocol not acceptable")
	})
	t.Run("a page of another site", func(t *testing.T) {
		if _, err := g.dial(t, "graphql-transport-ws", http.Header{"Origin": {"https://evil.example"}}); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%v, want 403", err)
		}
		if _, err := g.dial(t, "graphql-transport-ws", http.Header{"Origin": {g.url}}); err != nil {
			t.Errorf("of this site: %v", err)
		}
	})
}

// The payload of connection_init has credentials. A client without is refused where the
// configuration demands them.
func TestSocketCredentials(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions, fmt.Sprintf("    auth: {anonymous: refuse, methods: [{api_keys: {header: X-Api-Key, keys: [{name: tests, sha256: %q}]}}]}", hash(apiKey))))
	for payload, code := range map[string]websocket.StatusCode{
		`{"x-api-key":"` + apiKey + `"}`:             0,
		`{"headers":{"X-Api-Key":"` + apiKey + `"}}`: 0,
		`{"x-api-key":"another"}`:                    4403,
		`{}`:                                         4403,
		`null`:                                       4403,
	} {
		s, err := g.dial(t, "graphql-transport-ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.send(`{"type":"connection_init","payload":` + payload + `}`)
		if code != 0 {
			s.expectClose(code, "")
			continue
		}
		s.expect(`{"type":"connection_ack"}`)
		s.send(`{"id":"1","type":"subscribe","payload":{"query":"{ echoText(text: \"x\") }"}}`)
		s.expect(`{"id":"1","type":"next","payload":{"data":{"echoText":"x"}}}`)
	}
}

// A gateway that stops closes its sockets with "going away", idle ones as well.
func TestSocketsCloseAtTheStop(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	addEvents(t, node)
	g := startGateway(t, configFor(epmd, subscriptions)+"shutdown_grace: 2s\n")
	idle, busy := g.socket(t), g.socket(t)
	one := subscribers(t, node)
	busy.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { event(channel: \"news\") }"}}`)
	waittest.Until(t, "subscribed", func() bool { return subscribers(t, node) != one })
	g.begin()
	began := time.Now()
	idle.expectClose(websocket.StatusGoingAway, "")
	busy.expectClose(websocket.StatusGoingAway, "")
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	t.Logf("stopped after %v", time.Since(began))
}
