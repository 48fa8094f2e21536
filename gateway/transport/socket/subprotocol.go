package socket

// A subprotocol is how clients and gateway write messages of a WebSocket.
type subprotocol interface {
	// open begins the conversation.
	open(s *socket) error
	// handle does what a message of the client asks for. A [*closing] closes the connection.
	handle(s *socket, message []byte) error
	// keepAlive returns a message that follows each ping; empty: none does.
	keepAlive() string
	// accepted writes that a subscription is accepted.
	accepted(o *activeOperation) error
	// event writes a result of a subscription.
	event(o *activeOperation, result []byte) error
	// whole writes the only result of an operation, and that this is the end.
	whole(o *activeOperation, result []byte, hasData bool) error
	// complete writes the end of a subscription.
	complete(o *activeOperation) error
}

// subprotocols by name, as clients offer them.
var subprotocols = map[string]subprotocol{
	graphQLTransportWSName: graphQLTransportWS{},
	graphQLWSName:          graphQLWS{},
}

// subprotocolNames has the preferred one first.
var subprotocolNames = []string{graphQLTransportWSName, graphQLWSName}
