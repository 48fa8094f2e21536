package socket

import (
	"encoding/json"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// A clientMessage is a message of the subprotocols of graphql-ws and subscriptions-transport-ws.
type clientMessage struct {
	id, kind string
	payload  json.RawMessage // nil: there is none
	size     int
}

func readClientMessage(message []byte) (*clientMessage, error) {
	if err := strictjson.Check(message); err != nil || strictjson.First(message) != '{' {
		return nil, badMessage("The message is not a JSON object")
	}
	members := strictjson.Object(message)
	m := &clientMessage{payload: members["payload"], size: len(message)}
	if _, err := request.Text(members, "type", &m.kind); err != nil {
		return nil, badMessage("The message's type is not a string")
	}
	if _, err := request.Text(members, "id", &m.id); err != nil {
		return nil, badMessage("The message's id is not a string")
	}
	return m, nil
}

func badMessage(reason string) error { return newClosing(4400, reason) }

// request returns the request in the payload.
func (m *clientMessage) request() (*operation.Request, error) {
	if strictjson.First(m.payload) != '{' {
		return nil, badMessage("The payload of the message is not an object")
	}
	return request.FromMembers(strictjson.Object(m.payload))
}

// credentials returns the strings of the payload, and those of its member headers.
func (m *clientMessage) credentials() map[string]string {
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
