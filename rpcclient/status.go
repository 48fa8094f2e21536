package rpcclient

import (
	"net/netip"
	"time"
)

// PoolStatus is what a pool does right now, for operators.
type PoolStatus struct {
	InFlight   int
	Queued     int
	Retries    uint64 // since the pool was made
	Overloaded uint64 // calls refused with [ErrOverloaded], since then
	Nodes      []NodeStatus
}

// NodeStatus is one node of a pool.
type NodeStatus struct {
	Name      string // what the node calls itself, if it has said so
	Addr      netip.AddrPort
	State     NodeState
	InFlight  int
	Latency   time.Duration // of its calls lately, a geometric mean; 0: unknown
	Breaker   string        // closed, open or half-open
	Connected time.Duration // since when; 0: it is not
	Schema    SchemaState   // as the inspector set it over the present connection
}

// NodeState is whether a node gets calls, and if not, why.
type NodeState string

// The states of a node.
const (
	Connected  NodeState = "connected"
	Connecting NodeState = "connecting" // or waiting to connect again
	Starting   NodeState = "starting"   // connected, while its applications are being started
	Stopping   NodeState = "stopping"   // connected, while its applications are being stopped
	Draining   NodeState = "draining"   // by hand
	Unlisted   NodeState = "unlisted"   // connected, though discovery does not name it any more
	Lacking    NodeState = "lacking"    // connected, but the inspector said that it cannot answer
)

// Status looks at every node.
func (p *Pool) Status() PoolStatus {
	s := PoolStatus{
		Queued:     int(p.queue.length.Load()),
		Retries:    p.retries.Load(),
		Overloaded: p.overloaded.Load(),
		Nodes:      []NodeStatus{},
	}
	for _, m := range *p.members.Load() {
		node := m.status()
		s.InFlight += node.InFlight
		s.Nodes = append(s.Nodes, node)
	}
	return s
}

func (m *member) status() NodeStatus {
	conn := m.peer.current.Load()
	schema := m.schemaState(conn)
	m.mu.Lock()
	defer m.mu.Unlock()
	s := NodeStatus{
		Name:     m.peer.name(),
		Addr:     m.target.Addr,
		State:    Connected,
		InFlight: m.calls,
		Latency:  m.latency.duration(),
		Breaker:  m.breaker.State().String(),
		Schema:   schema,
	}
	if conn != nil {
		s.Connected = time.Since(conn.since)
	}
	switch {
	case m.peer.drained.Load():
		s.State = Draining
	case conn == nil:
		s.State = Connecting
	case !conn.takesCalls():
		s.State = Starting
		if conn.progress.load() == stopping {
			s.State = Stopping
		}
	case schema.Missing:
		s.State = Lacking
	case !m.listed:
		s.State = Unlisted
	}
	return s
}
