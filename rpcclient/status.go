package rpcclient

import (
	"net/netip"
	"time"
)

// PoolStatus is the current state of a pool, for operators.
type PoolStatus struct {
	InFlight   int
	Queued     int
	Retries    uint64 // since the pool was made
	Overloaded uint64 // calls refused with [ErrOverloaded], since then
	Prepared   uint64 // calls that ran from prepared documents, since then
	Nodes      []NodeStatus
}

// NodeStatus is the current state of one node of a pool.
type NodeStatus struct {
	Name      string // the node's own name if it is known
	Addr      netip.AddrPort
	State     NodeState
	InFlight  int
	Calls     uint64         // since the pool has the node
	Ended     CallTotals     // of these
	Latency   time.Duration  // geometric mean of the latest calls; 0: unknown
	Breaker   string         // closed, open or half-open
	Connected time.Duration  // for how long; 0: not connected
	Problem   string         // why it is not connected; empty: it is, or no attempt has ended
	Schema    SchemaState    // as set by the inspector over this connection
	Figures   *NodeFigures   // of the runtime, as [Node.RefreshFigures] got them lately; nil: unknown
	Prepared  *PreparedState // over this connection; nil: off or unknown
}

// NodeState says whether a node gets calls, or why not.
type NodeState string

// The states of a node.
const (
	Connected  NodeState = "connected"
	Connecting NodeState = "connecting" // or waiting to reconnect
	Starting   NodeState = "starting"   // connected; its applications are starting
	Stopping   NodeState = "stopping"   // connected; its applications are stopping
	Draining   NodeState = "draining"   // by an operator
	Unlisted   NodeState = "unlisted"   // connected, but discovery no longer lists it
	Lacking    NodeState = "lacking"    // connected, but without the schema's module, or without the agent that plugs need
)

// Status returns the current state.
func (p *Pool) Status() PoolStatus {
	s := PoolStatus{
		Queued:     int(p.queue.length.Load()),
		Retries:    p.counts.Retries.Load(),
		Overloaded: p.counts.Overloaded.Load(),
		Prepared:   p.counts.Prepared.Load(),
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
		Calls:    m.total,
		Ended:    m.ended,
		Latency:  m.latency.duration(),
		Breaker:  m.breaker.State().String(),
		Schema:   schema,
		Figures:  m.peer.figures.of(conn),
		Prepared: m.preparedState(conn),
	}
	if conn != nil {
		s.Connected = time.Since(conn.since)
	} else if problem := m.peer.problem.Load(); problem != nil {
		s.Problem = *problem
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
	case schema.Missing, m.lacksAgent(conn):
		s.State = Lacking
	case !m.listed:
		s.State = Unlisted
	}
	return s
}
