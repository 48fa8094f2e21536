package e2e_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A socket is a WebSocket of a client.
type socket struct {
	*websocket.Conn
	t *testing.T
}

const transportWS = "graphql-transport-ws"

// dial opens a WebSocket. The client has sent no message.
func (g *running) dial(t *testing.T, protocol string, header http.Header) (*socket, error) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{protocol}, HandshakeTimeout: waittest.Limit, EnableCompression: true}
	conn, resp, err := dialer.Dial(strings.Replace(g.url, "http", "ws", 1)+"/graphql", header)
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%s: %w", resp.Status, err)
		}
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	return &socket{conn, t}, nil
}

func (g *running) mustDial(t *testing.T, protocol string, header http.Header) *socket {
	t.Helper()
	s, err := g.dial(t, protocol, header)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// socket opens a WebSocket and initiates it with a payload, which may be empty.
func (g *running) socket(t *testing.T, payload string, header http.Header) *socket {
	t.Helper()
	s := g.mustDial(t, transportWS, header)
	s.initiate(payload)
	s.expect(`{"type":"connection_ack"}`)
	return s
}

func (s *socket) initiate(payload string) {
	s.t.Helper()
	if payload != "" {
		payload = `,"payload":` + payload
	}
	s.send(`{"type":"connection_init"` + payload + `}`)
}

func (s *socket) send(message string) {
	s.t.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) subscribe(id, document string) {
	s.t.Helper()
	s.send(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%q}}`, id, document))
}

// subscribed subscribes to a channel and waits until the node has another process.
func (s *socket) subscribed(node *beamtest.Node, id, channel string) {
	s.t.Helper()
	before := node.Subscribers(s.t)
	s.subscribe(id, `subscription { event(channel: "`+channel+`") }`)
	eventually(s.t, "subscribed", func() bool { return node.Subscribers(s.t) != before })
}

func (s *socket) next() (string, error) {
	s.SetReadDeadline(time.Now().Add(waittest.Limit))
	_, message, err := s.ReadMessage()
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

// expectError fails unless the next message is an error with this text.
func (s *socket) expectError(id, text string) {
	s.t.Helper()
	if got, err := s.next(); err != nil || !strings.HasPrefix(got, `{"id":"`+id+`","type":"error","payload":[{`) || !strings.Contains(got, text) {
		s.t.Errorf("message %s, %v, want an error of %s with %s", got, err, id, text)
	}
}

// expectClose fails unless the gateway closes the connection next.
func (s *socket) expectClose(code int, reason string) {
	s.t.Helper()
	message, err := s.next()
	if !websocket.IsCloseError(err, code) || !strings.Contains(err.Error(), reason) {
		s.t.Errorf("message %q, %v; want the code %d, %s", message, err, code, reason)
	}
}

func TestSocket(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {per_connection: 2}"))
	before := node.Subscribers(t)
	s := g.socket(t, "", nil)
	s.send(`{"type":"ping","payload":{"a":1}}`)
	s.expect(`{"type":"pong","payload":{"a":1}}`)
	g.expectMetrics(t, map[string]float64{`louche_connections{protocol="websocket"}`: 1})

	// Queries, mutations and errors. Their ids are free again.
	s.send(`{"id":"q","type":"subscribe","payload":{"query":"query($t: String) { echoText(text: $t) }","variables":{"t":"x"}}}`)
	s.expect(`{"id":"q","type":"next","payload":{"data":{"echoText":"x"}}}`, `{"id":"q","type":"complete"}`)
	s.subscribe("q", `mutation { append(id: "1") }`)
	s.expect(`{"id":"q","type":"next","payload":{"data":{"append":true}}}`, `{"id":"q","type":"complete"}`)
	s.subscribe("q", "{ raise }")
	s.expect(`{"id":"q","type":"error","payload":[{"message":"The operation failed in the application.","extensions":{"code":"INTERNAL"}}]}`)
	s.subscribe("q", `subscription { event(channel: "forbidden") }`)
	s.expectError("q", "this channel is forbidden")
	text := strings.Repeat("xyz", 20_000) // is compressed
	s.subscribe("q", `{ echoText(text: "`+text+`") }`)
	s.expect(`{"id":"q","type":"next","payload":{"data":{"echoText":"`+text+`"}}}`, `{"id":"q","type":"complete"}`)

	// Subscriptions.
	s.subscribed(node, "1", "news")
	s.subscribed(node, "2", "other")
	s.subscribe("3", "{ counter }")
	s.expectError("3", "TOO_MANY_SUBSCRIPTIONS")
	node.Publish(t, "news", "1")
	s.expect(`{"id":"1","type":"next","payload":{"data":{"event":1}}}`)
	node.Publish(t, "other", "2")
	s.expect(`{"id":"2","type":"next","payload":{"data":{"event":2}}}`)
	s.send(`{"id":"1","type":"complete"}`)
	s.subscribe("1", "{ counter }") // waits for the former operation of this id
	if message, err := s.next(); err != nil || !strings.HasPrefix(message, `{"id":"1","type":"next","payload":{"data":{"counter"`) {
		t.Errorf("%s, %v", message, err)
	}
	s.expect(`{"id":"1","type":"complete"}`)
	s.send(`{"id":"2","type":"complete"}`)
	eventually(t, "no process is left", func() bool { return node.Subscribers(t) == before })
	s.subscribed(node, "1", "news")
	s.Close()
	eventually(t, "no process is left", func() bool { return node.Subscribers(t) == before })
	for _, metric := range []string{"louche_operations_in_flight", "louche_memory_reserved_bytes"} {
		eventually(t, metric+" is 0", func() bool { return g.metric(t, metric) == 0 })
	}
}

// The codes with which the gateway closes connections.
func TestSocketCloses(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions)+"limits: {body: 1000}\n")
	const initiate = `{"type":"connection_init"}`
	const hang = `{"id":"1","type":"subscribe","payload":{"query":"{ sleep(ms: 3600000) }"}}`
	for name, test := range map[string]struct {
		messages []string
		code     int
		reason   string
	}{
		"no init":         {nil, 4408, "Connection initialisation timeout"},
		"two inits":       {[]string{initiate, initiate}, 4429, "Too many initialisation requests"},
		"no ack":          {[]string{hang}, 4401, "Unauthorized"},
		"an id twice":     {[]string{initiate, hang, hang}, 4409, "Subscriber for 1 already exists"},
		"no JSON":         {[]string{"{"}, 4400, ""},
		"no UTF-8":        {[]string{"{\"type\":\"\xff\"}"}, 4400, ""},
		"no type":         {[]string{`{"id":"1"}`}, 4400, ""},
		"another type":    {[]string{initiate, `{"id":"1","type":"start"}`}, 4400, ""},
		"no id":           {[]string{initiate, `{"type":"subscribe","payload":{"query":"{ a }"}}`}, 4400, ""},
		"no payload":      {[]string{initiate, `{"id":"1","type":"subscribe"}`}, 4400, ""},
		"no query":        {[]string{initiate, `{"id":"1","type":"subscribe","payload":{}}`}, 4400, ""},
		"a long message":  {[]string{initiate, strings.Repeat("0123456789", 200)}, websocket.CloseMessageTooBig, ""},
		"a long deflated": {[]string{initiate, strings.Repeat(" ", 100_000)}, websocket.CloseMessageTooBig, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := g.mustDial(t, transportWS, nil)
			s.EnableWriteCompression(strings.Contains(name, "deflated"))
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
		g.mustDial(t, "mqtt", nil).expectClose(4406, "Subprotocol not acceptable")
	})
}

// Clients may send pings and pongs before connection_init, and end operations at any time.
func TestSocketMessages(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions))
	s := g.mustDial(t, transportWS, nil)
	s.send(`{"type":"pong"}`)
	s.send(`{"type":"ping"}`)
	s.expect(`{"type":"pong"}`)
	s.initiate(`{"some":"string","number":10}`)
	s.expect(`{"type":"connection_ack"}`)
	s.send(`{"id":"unknown","type":"complete"}`)
	s.subscribe("1", "{ sleep(ms: 3600000) }")
	node.WaitOutput(t, "sleeping ")
	s.send(`{"id":"1","type":"complete"}`)
	s.subscribe("1", `{ echoText(text: "x") }`) // no complete of the former operation comes before
	s.expect(`{"id":"1","type":"next","payload":{"data":{"echoText":"x"}}}`, `{"id":"1","type":"complete"}`)
	s.send(`{"id":"1","type":"complete"}`)
	s.send(`{"type":"ping","payload":null}`)
	s.expect(`{"type":"pong","payload":null}`)
}

// Messages come in fragments, with pings between them. Frames that the protocol of WebSockets
// forbids close the connection.
func TestSocketFrames(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions))
	frame := func(first byte, text string) string {
		return string([]byte{first, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
	}
	const final, text, binary, ping = 0x80, 1, 2, 9
	send := func(t *testing.T, frames string) *socket {
		s := g.mustDial(t, transportWS, nil)
		if _, err := s.NetConn().Write([]byte(frames)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := send(t, frame(text, `{"type":`)+frame(final|ping, "x")+frame(0, "")+frame(final, `"ping"}`))
	ponged := false
	s.SetPongHandler(func(data string) error {
		ponged = data == "x"
		return nil
	})
	s.expect(`{"type":"pong"}`)
	if !ponged {
		t.Error("no pong came before the answer to the message")
	}
	for name, test := range map[string]struct {
		frames string
		code   int
	}{
		"without a mask":           {"\x81\x02{}", websocket.CloseProtocolError},
		"a reserved bit":           {frame(final|0x20|text, "{}"), websocket.CloseProtocolError},
		"an unknown opcode":        {frame(final|3, ""), websocket.CloseProtocolError},
		"a ping in fragments":      {frame(ping, ""), websocket.CloseProtocolError},
		"a long ping":              {frame(final|ping, strings.Repeat("x", 126)), websocket.CloseProtocolError},
		"a continuation alone":     {frame(final, "{}"), websocket.CloseProtocolError},
		"a message in another one": {frame(text, "{") + frame(final|text, "{}"), websocket.CloseProtocolError},
		"not text":                 {frame(final|binary, "{}"), websocket.CloseUnsupportedData},
	} {
		t.Run(name, func(t *testing.T) { send(t, test.frames).expectClose(test.code, "") })
	}
}

// The payload of connection_init has credentials, in any case of the header's name. Headers of
// proxies count from the handshake alone.
func TestSocketCredentials(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions, fmt.Sprintf(`    context: {user: {claim: sub}}
    auth:
      anonymous: refuse
      methods:
        - api_keys: {header: X-Api-Key, keys: [{name: tests, sha256: %q}]}
        - proxy_headers: {subject: X-User-Id}`, hash(apiKey))))
	for _, test := range []struct {
		payload string
		header  http.Header
		code    int
	}{
		{payload: `{"x-api-key":"` + apiKey + `"}`},
		{payload: `{"headers":{"X-Api-Key":"` + apiKey + `"}}`},
		{header: http.Header{"X-Api-Key": {apiKey}}},
		{header: http.Header{"X-User-Id": {"42"}}},
		{payload: `{"x-api-key":"another"}`, code: 4403},
		{payload: `{"x-user-id":"42"}`, code: 4403},
		{payload: `{}`, code: 4403},
		{payload: `null`, code: 4403},
		{code: 4403},
	} {
		s := g.mustDial(t, transportWS, test.header)
		s.initiate(test.payload)
		if test.code != 0 {
			s.expectClose(test.code, "")
			continue
		}
		s.expect(`{"type":"connection_ack"}`)
		s.subscribe("1", `{ echoText(text: "x") }`)
		s.expect(`{"id":"1","type":"next","payload":{"data":{"echoText":"x"}}}`)
	}
}

// Pages of other origins open WebSockets only where CORS allows them, and browsers' cookies
// count only where it allows credentials.
func TestSocketOrigins(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	const app = "https://app.example.com"
	for cors, want := range map[string]map[string]string{
		"{origins: []}":                                 {"": "de", "own": "de", app: "403"},
		"{origins: ['" + app + "']}":                    {"": "de", "own": "de", app: "anonymous", "https://evil.example.com": "403", "null": "403"},
		"{origins: ['" + app + "'], credentials: true}": {app: "de", "https://evil.example.com": "403"},
	} {
		t.Run(cors, func(t *testing.T) {
			g := startGateway(t, configFor(epmd, subscriptions, "    cors: "+cors, "    context: {locale: {cookie: locale, default: anonymous}}"))
			for origin, want := range want {
				header := http.Header{"Cookie": {"locale=de"}}
				if origin == "own" {
					header.Set("Origin", g.url)
				} else if origin != "" {
					header.Set("Origin", origin)
				}
				if got := g.contextOverSocket(t, header); !strings.Contains(got, want) {
					t.Errorf("from %q: %s, want %s", origin, got, want)
				}
			}
		})
	}
}

// contextOverSocket returns the message with an operation's context, or the error of the handshake.
func (g *running) contextOverSocket(t *testing.T, header http.Header) string {
	t.Helper()
	s, err := g.dial(t, transportWS, header)
	if err != nil {
		return err.Error()
	}
	s.initiate("")
	s.expect(`{"type":"connection_ack"}`)
	s.subscribe("1", "{ contextText }")
	message, err := s.next()
	if err != nil {
		return err.Error()
	}
	return message
}

// A gateway that stops closes its sockets with "going away", idle ones as well.
func TestSocketsCloseAtTheStop(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions)+"shutdown_grace: 5s\n") // a second of it is left at the end
	idle, busy := g.socket(t, "", nil), g.socket(t, "", nil)
	busy.subscribed(node, "1", "news")
	g.begin()
	idle.expectClose(websocket.CloseGoingAway, "")
	busy.expectClose(websocket.CloseGoingAway, "")
	if err := g.stop(); err != nil {
		t.Error(err)
	}
}

// A reload closes the sockets whose keys are revoked or whose claims have changed. Others
// outlive it and run operations with the new configuration, unless their application has
// another section.
func TestReloadOfSockets(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	key := func(name string) string { return "louche_0123456789_" + name }
	entry := func(name, more string) string {
		return fmt.Sprintf("- {name: %s, sha256: %q%s}\n", name, hash(key(name)), more)
	}
	keys := write(t, entry("kept", "")+entry("revoked", "")+entry("changed", ""))
	config := configFor(epmd, subscriptions, "    auth: {methods: [{api_keys: {file: "+keys+"}}]}") + "shutdown_grace: 1s\n"
	g := startGateway(t, config)
	sockets := make(map[string]*socket)
	for _, name := range []string{"kept", "revoked", "changed"} {
		sockets[name] = g.socket(t, fmt.Sprintf(`{"X-Api-Key":%q}`, key(name)), nil)
	}
	kept := sockets["kept"]
	kept.subscribed(node, "1", "news")
	if err := os.WriteFile(keys, []byte(entry("kept", "")+entry("changed", ", claims: {role: guest}")), 0o600); err != nil {
		t.Fatal(err)
	}
	sockets["revoked"].expectClose(4403, "no longer accepted")
	sockets["changed"].expectClose(websocket.CloseGoingAway, "")

	g.configure(t, config+"limits: {in_flight: 1}\n")
	eventually(t, "reloaded", func() bool { return strings.Count(g.log.String(), "configuration reloaded") == 2 })
	kept.subscribe("2", "{ sleep(ms: 3600000) }")
	node.WaitOutput(t, "sleeping ")
	kept.subscribe("3", "{ counter }")
	kept.expectError("3", "OVERLOADED")
	node.Publish(t, "news", "1")
	kept.expect(`{"id":"1","type":"next","payload":{"data":{"event":1}}}`)
	node.Wake(t)
	kept.expect(`{"id":"2","type":"next","payload":{"data":{"sleep":true}}}`, `{"id":"2","type":"complete"}`)

	g.configure(t, strings.Replace(config, subscriptions, subscriptions+"\n    timeout: 10s", 1))
	kept.expectClose(websocket.CloseGoingAway, "")
}

// A socket closes when the token expires, with a code that on_expiry chooses.
func TestSocketExpiresWithItsToken(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	issuer := newIssuer()
	for onExpiry, want := range map[string]struct {
		code   int
		reason string
	}{"end": {4403, "expired"}, "reconnect": {websocket.CloseGoingAway, "Going away"}} {
		t.Run(onExpiry, func(t *testing.T) {
			g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {on_expiry: "+onExpiry+"}", "    auth: {methods: [{jwt: {public_key_file: "+write(t, issuer.public)+", issuer: us, audience: [my-app], leeway: 1s}}]}"))
			for life, accepted := 2*time.Second, false; !accepted; life *= 2 { // a slow machine may take longer than the token lives
				signed := time.Now()
				s := g.mustDial(t, transportWS, nil)
				s.initiate(`{"authorization":"Bearer ` + issuer.sign("ES256", map[string]any{"exp": signed.Add(life).Unix()}) + `"}`)
				message, err := s.next()
				if accepted = err == nil && message == `{"type":"connection_ack"}`; accepted {
					s.expectClose(want.code, want.reason)
				} else if time.Since(signed) < life-time.Second { // exp has whole seconds
					t.Fatalf("message %s, %v", message, err)
				}
			}
		})
	}
}

// The gateway pings, and closes connections whose client does not answer.
func TestSocketPings(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	for timeout := time.Second; !pings(t, epmd, node, timeout); timeout *= 2 {
		t.Logf("on this machine a client may not answer within %v", timeout)
	}
}

// pings checks that a client that answers pings keeps its connection for longer than one that
// does not. It reports false if the test itself was slow to answer.
func pings(t *testing.T, epmd int, node *beamtest.Node, timeout time.Duration) (inTime bool) {
	const heartbeat = 50 * time.Millisecond
	g := startGateway(t, configFor(epmd, subscriptions, fmt.Sprintf("    subscriptions: {heartbeat: %v}", heartbeat))+fmt.Sprintf("limits: {write_timeout: %v}\n", timeout))
	defer g.stop()
	before := node.Subscribers(t)
	mute := g.socket(t, "", nil)
	mute.SetPingHandler(func(string) error { return nil })
	mute.subscribe("1", `subscription { event(channel: "mute") }`)
	answered, slowest := time.Now(), time.Duration(0)
	look := func() {
		slowest = max(slowest, time.Since(answered))
		answered = time.Now()
	}
	alive := g.socket(t, "", nil)
	alive.subscribe("1", `subscription { event(channel: "alive") }`)
	count := 0
	answer := alive.PingHandler()
	alive.SetPingHandler(func(data string) error {
		look()
		if count++; count > int(timeout/heartbeat)*3/2 { // after the time of the other
			node.Publish(t, "alive", "1")
		}
		return answer(data)
	})
	message, err := alive.next()
	look()
	if want := `{"id":"1","type":"next","payload":{"data":{"event":1}}}`; message != want {
		if slowest < timeout/2 {
			t.Fatalf("message %s, %v, want %s", message, err, want)
		}
		return false
	}
	alive.Close()
	if message, err := mute.next(); err == nil {
		t.Errorf("message %s", message)
	}
	eventually(t, "both have ended", func() bool { return node.Subscribers(t) == before })
	return true
}

// A client that does not read loses its connection, and is no error of the gateway.
func TestSocketUnread(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions)+"limits: {write_timeout: 100ms}\n")
	before := node.Subscribers(t)
	s := g.socket(t, "", nil)
	s.subscribed(node, "1", "unread")
	big := `Base.encode64(:crypto.strong_rand_bytes(400_000))` // keeps its size when it is compressed
	for range 40 {                                             // more than the sockets hold
		node.Publish(t, "unread", big)
	}
	eventually(t, "it has ended", func() bool { return node.Subscribers(t) == before })
	eventually(t, "it is logged", func() bool { return strings.Contains(g.log.String(), "kind=subscription") })
	if log := g.log.String(); strings.Contains(log, "INTERNAL") {
		t.Errorf("a client that does not read counts as an error:\n%s", log)
	}
	eventually(t, "no memory is left", func() bool { return g.metric(t, "louche_memory_reserved_bytes") == 0 })
}

// A client that sends operations and does not read the answers is not read either: its
// operations, slots and memory stay bounded.
func TestSocketFloods(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {per_connection: 4}")+"limits: {write_timeout: 5s}\n")
	before := g.metric(t, "go_goroutines")
	s := g.socket(t, "", nil)
	s.SetWriteDeadline(time.Now().Add(waittest.Limit))
	s.EnableWriteCompression(false)
	id := make([]byte, 2500) // is in each answer and hard to compress, so that the sockets are full soon
	for i := 0; ; i++ {
		rand.Read(id)
		message := fmt.Sprintf(`{"id":"%x","type":"subscribe","payload":{"query":"{ echoText(text: \"x\") }"}}`, id)
		if err := s.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			break
		}
		if i%100 == 0 {
			if goroutines := g.metric(t, "go_goroutines"); goroutines > before+50 {
				t.Fatalf("%v goroutines after %d operations, %v before", goroutines, i, before)
			}
		}
	}
	for _, metric := range []string{"louche_operations_in_flight", "louche_memory_reserved_bytes"} {
		eventually(t, metric+" is 0", func() bool { return g.metric(t, metric) == 0 })
	}
}

// Clients from npm work over WebSockets with each subprotocol, and subscribe again when the
// gateway asks for it.
func TestSocketClients(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	publishNumbers(t, node, "numbers")
	issuer := newIssuer()
	yaml, resubscribe := resubscribing(epmd, "    phoenix_socket: /socket", "    auth: {methods: [{jwt: {public_key_file: "+write(t, issuer.public)+", issuer: us, audience: [my-app]}}]}")
	g := startGateway(t, yaml)
	g.cutOff = true
	control := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { resubscribe(t, g) }))
	defer control.Close()
	for script, path := range map[string]string{"graphql-ws.mjs": "/graphql", "subscriptions-transport-ws.mjs": "/graphql", "absinthe-socket.mjs": "/socket"} {
		t.Run(script, func(t *testing.T) { runClient(t, script, g.url+path, control.URL, issuer.sign("ES256", nil)) })
	}
}

// Clients whose token expires connect again with another one, and get further events.
func TestSocketClientsRenewTheirToken(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	publishNumbers(t, node, "numbers")
	issuer := newIssuer()
	g := startGateway(t, configFor(epmd, subscriptions, "    phoenix_socket: /socket", "    subscriptions: {on_expiry: reconnect}", "    auth: {anonymous: refuse, methods: [{jwt: {public_key_file: "+write(t, issuer.public)+", issuer: us, audience: [my-app], leeway: 1s}}]}"))
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, issuer.sign("ES256", map[string]any{"exp": time.Now().Add(6 * time.Second).Unix()})) // time to connect on a slow machine
	}))
	defer tokens.Close()
	runClient(t, "renew.mjs", g.url, tokens.URL)
}

// The legacy protocol tells of refused credentials before it closes the connection, and starts
// an operation in place of one with the same id.
func TestLegacySocket(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions, fmt.Sprintf("    auth: {anonymous: refuse, methods: [{api_keys: {keys: [{name: tests, sha256: %q}]}}]}", hash(apiKey))))
	refused := g.mustDial(t, "graphql-ws", nil)
	refused.initiate("{}")
	refused.expect(`{"type":"connection_error","payload":{"message":"Authentication is required."}}`)
	refused.expectClose(4403, "Authentication is required")
	s := g.mustDial(t, "graphql-ws", nil)
	s.initiate(`{"X-Api-Key":"` + apiKey + `"}`)
	s.expect(`{"type":"connection_ack"}`, `{"type":"ka"}`)
	s.send(`{"id":"1","type":"start","payload":{}}`)
	s.expect(`{"id":"1","type":"error","payload":{"message":"The request has no \"query\"."}}`)
	s.send(`{"id":"1","type":"start","payload":{"query":"{ sleep(ms: 3600000) }"}}`)
	s.send(`{"id":"1","type":"start","payload":{"query":"{ echoText(text: \"x\") }"}}`)
	s.expect(`{"id":"1","type":"data","payload":{"data":{"echoText":"x"}}}`, `{"id":"1","type":"complete"}`)
	s.send(`{"type":"connection_terminate"}`)
	s.expectClose(websocket.CloseNormalClosure, "")
}

// Clients of the legacy protocol notice a lost connection by the absence of ka.
func TestLegacyKeepAlive(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {heartbeat: 50ms}"))
	s := g.mustDial(t, "graphql-ws", nil)
	s.initiate("{}")
	s.expect(`{"type":"connection_ack"}`, `{"type":"ka"}`, `{"type":"ka"}`, `{"type":"ka"}`)
}

// A socket of Phoenix answers for the topic of Absinthe alone.
func TestPhoenixSocket(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions, "    phoenix_socket: /socket",
		fmt.Sprintf("    auth: {anonymous: refuse, methods: [{api_keys: {keys: [{name: tests, sha256: %q}]}}]}", hash(apiKey))))
	before := node.Subscribers(t)
	dial := func(query string) *socket {
		conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(g.url, "http", "ws", 1)+"/socket/websocket?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return &socket{conn, t}
	}
	dial("vsn=2.0.0").expectClose(4403, "Authentication is required")
	for query, messages := range map[string][][2]string{
		"vsn=2.0.0&x-api-key=" + apiKey: {
			{`[null,"1","phoenix","heartbeat",{}]`, `[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`},
			{`["1","1","__absinthe__:control","doc",{"query":"{ counter }"}]`, `["1","1","__absinthe__:control","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`},
			{`["1","2","room:lobby","phx_join",{}]`, `["1","2","room:lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`},
			{`["1","3","__absinthe__:control","phx_join",{}]`, `["1","3","__absinthe__:control","phx_reply",{"status":"ok","response":{}}]`},
			{`["1","4","__absinthe__:control","doc",{"query":"{ echoText(text: \"x\") }"}]`, `["1","4","__absinthe__:control","phx_reply",{"status":"ok","response":{"data":{"echoText":"x"}}}]`},
			{`["1","5","__absinthe__:control","doc",{"query":"subscription { event(channel: \"news\") }"}]`, `["1","5","__absinthe__:control","phx_reply",{"status":"ok","response":{"subscriptionId":"__absinthe__:doc:2"}}]`},
			{"", `[null,null,"__absinthe__:doc:2","subscription:data",{"result":{"data":{"event":1}},"subscriptionId":"__absinthe__:doc:2"}]`},
			{`["1","6","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:2"}]`, `["1","6","__absinthe__:control","phx_reply",{"status":"ok","response":{"subscriptionId":"__absinthe__:doc:2"}}]`},
			{`["1","7","__absinthe__:control","phx_leave",{}]`, `["1","7","__absinthe__:control","phx_reply",{"status":"ok","response":{}}]`},
		},
		"X-Api-Key=" + apiKey: {
			{`{"topic":"__absinthe__:control","event":"phx_join","payload":{},"ref":"1"}`, `{"topic":"__absinthe__:control","event":"phx_reply","ref":"1","payload":{"status":"ok","response":{}}}`},
			{`{"topic":"__absinthe__:control","event":"doc","payload":{"query":"subscription { event(channel: \"news\") }"},"ref":"2"}`, `{"topic":"__absinthe__:control","event":"phx_reply","ref":"2","payload":{"status":"ok","response":{"subscriptionId":"__absinthe__:doc:1"}}}`},
			{"", `{"topic":"__absinthe__:doc:1","event":"subscription:data","ref":null,"payload":{"result":{"data":{"event":1}},"subscriptionId":"__absinthe__:doc:1"}}`},
			{`{"topic":"__absinthe__:control","event":"phx_leave","payload":{},"ref":"3"}`, `{"topic":"__absinthe__:control","event":"phx_reply","ref":"3","payload":{"status":"ok","response":{}}}`},
		},
	} {
		s := dial(query)
		for _, message := range messages {
			if message[0] == "" {
				node.Publish(t, "news", "1")
			} else {
				s.send(message[0])
			}
			s.expect(message[1])
		}
		eventually(t, "no process is left", func() bool { return node.Subscribers(t) == before })
	}
}
