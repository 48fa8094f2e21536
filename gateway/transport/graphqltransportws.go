package transport

import (
	"encoding/json"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// graphQLTransportWS is the "GraphQL over WebSocket Protocol" of the npm package graphql-ws.
type graphQLTransportWS struct{}

const graphQLTransportWSName = "graphql-transport-ws"

func (p graphQLTransportWS) handle(s *socket, message []byte) error {
	m, err := readSocketMessage(message)
	if err != nil {
		return err
	}
	switch m.kind {
	case "connection_init":
		if err := s.initiate(m.credentials()); err != nil {
			return err
		}
		return s.send(s.account, `{"type":"connection_ack"}`, nil, "")
	case "ping":
		if m.payload == nil {
			return s.send(s.account, `{"type":"pong"}`, nil, "")
		}
		return s.send(s.account, `{"type":"pong","payload":`, m.payload, "}")
	case "pong":
		return nil
	case "subscribe":
		return p.subscribe(s, m)
	case "complete":
		s.stop(m.id)
		return nil
	}
	return badMessage("The message's type is unknown")
}

func (graphQLTransportWS) subscribe(s *socket, m *socketMessage) error {
	switch {
	case m.id == "":
		return badMessage("The message has no id")
	case !s.initiated:
		return errNotInitiated
	case s.awaitFree(m.id):
		return newClosing(4409, "Subscriber for "+m.id+" already exists")
	}
	req, err := m.request()
	if err != nil {
		return badMessage(err.Error())
	}
	return s.start(m.id, m.size, req)
}

func (graphQLTransportWS) accepted(*socketOperation) error { return nil }

func (graphQLTransportWS) event(o *socketOperation, result []byte) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"next","payload":`, result, "}")
}

func (p graphQLTransportWS) whole(o *socketOperation, result []byte, hasData bool) error {
	if !hasData {
		return o.write(`{"id":`+quoted(o.id)+`,"type":"error","payload":`, strictjson.Object(result)["errors"], "}")
	}
	if err := p.event(o, result); err != nil {
		return err
	}
	return p.complete(o)
}

func (graphQLTransportWS) complete(o *socketOperation) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"complete"}`, nil, "")
}

// A socketMessage is a message of the protocols whose messages have id, type and payload.
type socketMessage struct {
	id, kind string
	payload  json.RawMessage // nil: there is none
	size     int
}

func readSocketMessage(message []byte) (*socketMessage, error) {
	if err := strictjson.Check(message); err != nil || strictjson.First(message) != '{' {
		return nil, badMessage("The message is not a JSON object")
	}
	members := strictjson.Object(message)
	m := &socketMessage{payload: members["payload"], size: len(message)}
	if _, err := text(members, "type", &m.kind); err != nil {
		return nil, badMessage("The message's type is not a string")
	}
	if _, err := text(members, "id", &m.id); err != nil {
		return nil, badMessage("The message's id is not a string")
	}
	return m, nil
}

func badMessage(reason string) error { return newClosing(4400, reason) }

// request returns the request in the payload.
func (m *socketMessage) request() (*operation.Request, error) {
	if strictjson.First(m.payload) != '{' {
		return nil, badMessage("The payload of the message is not an object")
	}
	return fromMembers(strictjson.Object(m.payload))
}

// credentials returns the strings of the payload, and those of its member headers.
func (m *socketMessage) credentials() map[string]string {
	found := make(map[string]string)
	add := func(object json.RawMessage) json.RawMessage {
		if strictjson.First(object) != '{' {
			return nil
		}
		members := strictjson.Object(object)
		for name, value := range members {
			if text, ok := strictjson.String(value); ok && !strings.ContainsAny(text, "\r\n\x00") {
				found[name] = text
			}
		}
		return members["headers"]
	}
	add(add(m.payload))
	return found
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
