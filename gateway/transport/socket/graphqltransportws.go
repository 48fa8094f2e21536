package socket

import "github.com/louche-graphql/louche/internal/strictjson"

// graphQLTransportWS is the "GraphQL over WebSocket Protocol" of the npm package graphql-ws.
type graphQLTransportWS struct{}

const graphQLTransportWSName = "graphql-transport-ws"

func (graphQLTransportWS) open(*socket) error { return nil }

func (p graphQLTransportWS) handle(s *socket, message []byte) error {
	m, err := readClientMessage(message)
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

func (graphQLTransportWS) subscribe(s *socket, m *clientMessage) error {
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
	return s.start(s.newOperation(m.id, m.size, req))
}

func (graphQLTransportWS) keepAlive() string { return "" }

func (graphQLTransportWS) accepted(*activeOperation) error { return nil }

func (graphQLTransportWS) event(o *activeOperation, result []byte) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"next","payload":`, result, "}")
}

func (p graphQLTransportWS) whole(o *activeOperation, result []byte, hasData bool) error {
	if !hasData {
		return o.write(`{"id":`+quoted(o.id)+`,"type":"error","payload":`, strictjson.Object(result)["errors"], "}")
	}
	if err := p.event(o, result); err != nil {
		return err
	}
	return p.complete(o)
}

func (graphQLTransportWS) complete(o *activeOperation) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"complete"}`, nil, "")
}
