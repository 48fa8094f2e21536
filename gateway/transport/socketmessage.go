package transport

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/coder/websocket"

	"github.com/louche-graphql/louche/internal/strictjson"
)

// outgoing is a message to a client.
type outgoing struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func badMessage(reason string) error { return &closing{4400, shortReason(reason)} }

// handle handles a message of the client.
func (s *socket) handle(message []byte) error {
	if err := strictjson.Check(message); err != nil || strictjson.First(message) != '{' {
		return badMessage("The message is not a JSON object")
	}
	members := strictjson.Object(message)
	var kind, id string
	if _, err := text(members, "type", &kind); err != nil {
		return badMessage("The message's type is not a string")
	}
	switch kind {
	case "connection_init":
		return s.initiate(credentials(members["payload"]))
	case "ping":
		return s.send(outgoing{Type: "pong", Payload: members["payload"]})
	case "pong":
		return nil
	}
	if given, err := text(members, "id", &id); err != nil || !given || id == "" {
		return badMessage("The message has no id")
	}
	switch kind {
	case "subscribe":
		if !s.initiated {
			return errNotInitiated
		}
		payload := members["payload"]
		if strictjson.First(payload) != '{' {
			return badMessage("The payload of the message is not an object")
		}
		req, err := fromMembers(strictjson.Object(payload))
		if err != nil {
			return badMessage(err.Error())
		}
		req.Stream, req.Index = true, 1 // the rate limits by address have counted connection_init alone
		return s.start(id, req)
	case "complete":
		s.stop(id)
		return nil
	}
	return badMessage("The message's type is unknown")
}

// credentials returns the strings of the payload of connection_init, and those of its member
// headers.
func credentials(payload json.RawMessage) map[string]string {
	found := make(map[string]string)
	add := func(object json.RawMessage) {
		for name, value := range strictjson.Object(object) {
			var text string
			if json.Unmarshal(value, &text) == nil && !strings.ContainsAny(text, "\r\n\x00") {
				found[name] = text
			}
		}
	}
	if strictjson.First(payload) != '{' {
		return nil
	}
	add(payload)
	if headers := strictjson.Object(payload)["headers"]; strictjson.First(headers) == '{' {
		add(headers)
	}
	return found
}

// send writes a message within the time of a write.
func (s *socket) send(message outgoing) error {
	b, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return s.write(b)
}

func (s *socket) write(message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, message)
}
