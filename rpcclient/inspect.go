package rpcclient

import (
	"context"
	"sync"
)

// AddInspector adds a function that inspects the nodes of the pool. It runs once a
// connection, in its own goroutine, after the node has started, for as long as it
// needs. It calls the node over the [NodeConn] and reports with [NodeConn.SetSchema].
// Its context ends with the connection, when the node begins to stop, and when the
// pool removes the node. Calls do not wait for it. AddInspector must be called before
// the first Update.
func (p *Pool) AddInspector(inspector func(context.Context, *NodeConn)) {
	p.inspectors = append(p.inspectors, inspector)
}

// RequireAgent has nodes get no calls until [Absinthe.InstallAgent], which has to be an
// inspector, has loaded the agent into them. It must be called before the first Update.
func (p *Pool) RequireAgent() { p.needsAgent = true }

// A NodeConn is one connection to one node, for an inspector.
type NodeConn struct {
	member *member
	conn   *liveConn
}

// Name is the node's own name for itself.
func (n *NodeConn) Name() string { return n.conn.Peer().Name }

// Call runs module:function on this node, as [Pool.Call] does on any.
func (n *NodeConn) Call(ctx context.Context, module, function string, args []byte) (*Result, error) {
	return n.conn.Call(ctx, module, function, args)
}

// SetSchema sets the state of the node's schema, for [NodeFilter] and [NodeStatus],
// until it is set again or the connection ends.
func (n *NodeConn) SetSchema(s SchemaState) {
	n.member.schema.Store(&connSchema{n.conn, s})
	n.member.pool.queue.wake()
}

// SchemaState describes the schema on a node. The zero value: unknown.
type SchemaState struct {
	// Hash identifies the schema.
	Hash string
	// Unreadable: the node described a schema that the gateway cannot read.
	Unreadable bool
	// Missing: the node lacks the schema's module. Such a node gets no calls.
	Missing bool
}

// A NodeFilter selects the nodes that an operation may be sent to.
type NodeFilter func(SchemaState) bool

// connSchema is the schema state of one connection.
type connSchema struct {
	conn  *liveConn
	state SchemaState
}

// schemaState returns the state that was set over this connection.
func (m *member) schemaState(conn *liveConn) SchemaState {
	if s := m.schema.Load(); s != nil && s.conn == conn {
		return s.state
	}
	return SchemaState{}
}

// inspect runs the inspectors for every connection of the member until it is retired.
func (m *member) inspect() {
	ctx, cancel := context.WithCancel(m.pool.node.ctx)
	m.stop = cancel
	m.pool.background.Go(func() {
		for ctx.Err() == nil {
			conn, changed := m.peer.watch()
			living, end := context.WithCancel(ctx)
			var inspection sync.WaitGroup
			inspects := conn != nil && conn.takesCalls()
			if inspects {
				for _, inspector := range m.pool.inspectors {
					inspection.Go(func() { inspector(living, &NodeConn{m, conn}) })
				}
			}
			for now := conn; now == conn && ctx.Err() == nil && inspects == (now != nil && now.takesCalls()); {
				select {
				case <-changed:
				case <-ctx.Done():
				}
				now, changed = m.peer.watch()
			}
			end()
			inspection.Wait()
		}
	})
}

// filtered returns the members that the filter selects.
func filtered(members []*member, filter NodeFilter) []*member {
	list := make([]*member, 0, len(members))
	for _, m := range members {
		if filter(m.schemaState(m.peer.current.Load())) {
			list = append(list, m)
		}
	}
	return list
}
