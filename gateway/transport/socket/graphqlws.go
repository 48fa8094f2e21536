package socket

import "github.com/gorilla/websocket"

// graphQLWS is the legacy protocol of the npm package subscriptions-transport-ws, which names
// it like the package of [graphQLTransportWS].
type graphQLWS struct{}

const graphQLWSName = "graphql-ws"

// keepAlive is a message by which clients notice that a connection is lost: once they have got
// one, they expect another within 30 s, unless set.
const keepAlive = `{"type":"ka"}`

func (graphQLWS) open(*socket) error { return nil }

func (p graphQLWS) handle(s *socket, message []byte) error {
	m, err := readClientMessage(message)
	if err != nil {
		return err
	}
	switch m.kind {
	case "connection_init":
		return p.initiate(s, m)
	case "start":
		return p.start(s, m)
	case "stop":
		s.stop(m.id)
		return nil
	case "connection_terminate":
		return newClosing(websocket.CloseNormalClosure, "")
	}
	return badMessage("The message's type is unknown")
}

func (graphQLWS) initiate(s *socket, m *clientMessage) error {
	if err := s.initiate(m.credentials()); err != nil {
		s.send(s.account, `{"type":"connection_error","payload":{"message":`+quoted(err.Error())+"}}", nil, "")
		return err
	}
	if err := s.send(s.account, `{"type":"connection_ack"}`, nil, ""); err != nil {
		return err
	}
	return s.send(s.account, keepAlive, nil, "")
}

func (graphQLWS) keepAlive() string { return keepAlive }

// start starts an operation in place of one with the same id.
func (graphQLWS) start(s *socket, m *clientMessage) error {
	switch {
	case m.id == "":
		return badMessage("The message has no id")
	case !s.initiated:
		return errNotInitiated
	}
	req, err := m.request()
	if err != nil {
		return s.send(s.account, `{"id":`+quoted(m.id)+`,"type":"error","payload":{"message":`+quoted(err.Error())+"}}", nil, "")
	}
	s.stop(m.id)
	s.awaitFree(m.id)
	return s.start(s.newOperation(m.id, m.size, req))
}

func (graphQLWS) accepted(*activeOperation) error { return nil }

func (graphQLWS) event(o *activeOperation, result []byte) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"data","payload":`, result, "}")
}

func (p graphQLWS) whole(o *activeOperation, result []byte, _ bool) error {
	if err := p.event(o, result); err != nil {
		return err
	}
	return p.complete(o)
}

func (graphQLWS) complete(o *activeOperation) error {
	return o.write(`{"id":`+quoted(o.id)+`,"type":"complete"}`, nil, "")
}
