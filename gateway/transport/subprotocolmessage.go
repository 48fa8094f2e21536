package transport

import (
	"encoding/json"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// A socketMessage is a message of the subprotocols of graphql-ws and subscriptions-transport-ws.
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
			if text, ok := strictjson.String(value); ok {
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
