package socket

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/louche-graphql/louche/internal/strictjson"

	"github.com/louche-graphql/louche/gateway/transport/request"
)

// phoenix is the protocol of Phoenix channels with the channel of absinthe_phoenix, as
// @absinthe/socket speaks it.
type phoenix struct {
	params   url.Values
	protocol []string // that the client offers
	arrays   bool     // version 2 of the serializer

	// of the reader
	joined bool
	lastID int
}

// phoenixReferences are those of a message, to which a reply refers, as JSON.
type phoenixReferences struct{ join, ref string }

const (
	phoenixSubprotocol = "phoenix"
	controlTopic       = "__absinthe__:control"
)

// open authenticates the client by the parameters of the socket.
func (p *phoenix) open(s *socket) error { return s.initiate(p.credentials()) }

// credentials returns the parameters by name. That of the name token, and the authToken of
// Phoenix 1.8, is a bearer token.
func (p *phoenix) credentials() map[string]string {
	found := make(map[string]string)
	for name := range p.params {
		found[name] = p.params.Get(name)
	}
	if token := p.params.Get("token"); token != "" {
		found["Authorization"] = "Bearer " + token
	}
	for _, offered := range p.protocol {
		encoded, ok := strings.CutPrefix(strings.TrimSpace(offered), "base64url.bearer.phx.")
		if token, err := base64.RawStdEncoding.DecodeString(encoded); ok && err == nil {
			found["Authorization"] = "Bearer " + string(token)
		}
	}
	return found
}

// A phoenixMessage is a message of a client.
type phoenixMessage struct {
	phoenixReferences
	topic, event string
	payload      json.RawMessage
}

func (p *phoenix) read(message []byte) (*phoenixMessage, error) {
	if strictjson.Check(message) != nil {
		return nil, badMessage("The message is not JSON")
	}
	var parts []json.RawMessage
	if p.arrays && strictjson.First(message) == '[' {
		for part := range strictjson.Elements(message) {
			parts = append(parts, part)
		}
	} else if !p.arrays && strictjson.First(message) == '{' {
		members := strictjson.Object(message)
		parts = []json.RawMessage{members["join_ref"], members["ref"], members["topic"], members["event"], members["payload"]}
	}
	if len(parts) != 5 {
		return nil, badMessage("The message is not one of Phoenix channels")
	}
	m := &phoenixMessage{phoenixReferences: phoenixReferences{reference(parts[0]), reference(parts[1])}, payload: parts[4]}
	var topic, event bool
	m.topic, topic = strictjson.String(parts[2])
	m.event, event = strictjson.String(parts[3])
	if !topic || !event {
		return nil, badMessage("The message has no topic or no event")
	}
	return m, nil
}

// reference returns a reference as JSON.
func reference(value json.RawMessage) string {
	if text, ok := strictjson.String(value); ok {
		return quoted(text)
	}
	return "null"
}

func (p *phoenix) handle(s *socket, message []byte) error {
	m, err := p.read(message)
	if err != nil {
		return err
	}
	switch {
	case m.topic == "phoenix" && m.event == "heartbeat":
		return p.reply(s, m, "ok", "{}")
	case m.topic != controlTopic || !p.joined && m.event != "phx_join":
		return p.reply(s, m, "error", `{"reason":"unmatched topic"}`)
	}
	switch m.event {
	case "phx_join":
		s.stopAll()
		p.joined = true
		return p.reply(s, m, "ok", "{}")
	case "phx_leave":
		s.stopAll()
		p.joined = false
		return p.reply(s, m, "ok", "{}")
	case "doc":
		return p.run(s, m, len(message))
	case "unsubscribe":
		id, _ := strictjson.String(strictjson.Object(m.payload)["subscriptionId"])
		s.stop(id)
		return p.reply(s, m, "ok", `{"subscriptionId":`+quoted(id)+"}")
	}
	return p.reply(s, m, "error", `{"reason":"unknown event"}`)
}

func (p *phoenix) run(s *socket, m *phoenixMessage, size int) error {
	if strictjson.First(m.payload) != '{' {
		return p.reply(s, m, "error", `{"error":"The payload is not an object"}`)
	}
	req, err := request.FromMembers(strictjson.Object(m.payload))
	if err != nil {
		return p.reply(s, m, "error", `{"error":`+quoted(err.Error())+"}")
	}
	p.lastID++
	o := s.newOperation("__absinthe__:doc:"+strconv.Itoa(p.lastID), size, req)
	o.replies = m.phoenixReferences
	return s.start(o)
}

func (p *phoenix) reply(s *socket, m *phoenixMessage, status, response string) error {
	head, tail := p.frame(m.phoenixReferences, m.topic, "phx_reply")
	return s.send(s.account, head+`{"status":"`+status+`","response":`+response+"}"+tail, nil, "")
}

// frame returns a message before its payload and after it.
func (p *phoenix) frame(to phoenixReferences, topic, event string) (head, tail string) {
	if p.arrays {
		return "[" + to.join + "," + to.ref + "," + quoted(topic) + "," + quoted(event) + ",", "]"
	}
	return `{"topic":` + quoted(topic) + `,"event":` + quoted(event) + `,"ref":` + to.ref + `,"payload":`, "}"
}

// answer replies to the message that the operation came in.
func (p *phoenix) answer(o *activeOperation, status string, response []byte) error {
	head, tail := p.frame(o.replies, controlTopic, "phx_reply")
	return o.write(head+`{"status":"`+status+`","response":`, response, "}"+tail)
}

func (p *phoenix) keepAlive() string { return "" }

func (p *phoenix) accepted(o *activeOperation) error {
	return p.answer(o, "ok", []byte(`{"subscriptionId":`+quoted(o.id)+"}"))
}

func (p *phoenix) event(o *activeOperation, result []byte) error {
	head, tail := p.frame(phoenixReferences{"null", "null"}, o.id, "subscription:data")
	return o.write(head+`{"result":`, result, `,"subscriptionId":`+quoted(o.id)+"}"+tail)
}

func (p *phoenix) whole(o *activeOperation, result []byte, hasData bool) error {
	if !hasData {
		return p.answer(o, "error", result)
	}
	return p.answer(o, "ok", result)
}

// complete writes nothing: Absinthe does not end subscriptions.
func (p *phoenix) complete(*activeOperation) error { return nil }
