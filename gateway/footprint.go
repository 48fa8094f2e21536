package gateway

import (
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/server"
	"github.com/louche-graphql/louche/gateway/transport"
)

// The process needs baseMemory bytes besides limits.memory: for its code and tables, its
// caches, coders and printers; and connectionMemory bytes for each connection.
const (
	baseMemory       = 256 << 20
	connectionMemory = 32 << 10
)

// Footprint is the most memory that the process needs, in bytes. Half of Memory is for
// memory that is released and not yet collected.
func (l *Limits) Footprint() int64 {
	return baseMemory + l.Memory + l.Memory/2 + int64(l.Connections)*connectionMemory
}

// Descriptors is the most file descriptors that clients and operators need.
func (l *Limits) Descriptors() int {
	return server.Descriptors(l.Connections)
}

// minMemory is what one request of the greatest size, and an answer of the greatest size to
// it, need of Memory, in bytes.
func (l *Limits) minMemory() int64 {
	reading, running := transport.RequestSize(l.Header, l.Body)
	need := max(reading, running+engine.RequestSize(l.Answer))
	return need + need/3 + 1 // large reservations leave a quarter
}

// AnswersOfANode is how many bytes of answers may come from one node at once.
func (l *Limits) AnswersOfANode() int { return engine.MaxResultsOfNode(l.Answer, l.Memory) }
