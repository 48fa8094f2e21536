package rpcclient

import (
	"context"
	"sync"
)

// Inspect has every connection of the pool looked at: inspector is called in a
// goroutine of its own for each that there is and will be, once the node has
// started. Over it the inspector may ask the node what it can do, and say so with
// [Link.Note]. It may stay as long as it likes; its context ends with the
// connection, when the node begins to stop, or when the pool lets it go. Calls do
// not wait for it. To be called once, before the first Update.
func (p *Pool) Inspect(inspector func(context.Context, *Link)) { p.inspector = inspector }

// A Link is one connection to a node, as an inspector sees it.
type Link struct {
	member *member
	conn   *connected
}

// Node is what the node calls itself.
func (l *Link) Node() string { return l.conn.Peer().Name }

// Call runs module:function on this node, as [Pool.Call] does on any.
func (l *Link) Call(ctx context.Context, module, function string, args []byte) (*Answer, error) {
	return l.conn.Call(ctx, module, function, args)
}

// Note keeps what was found out about the node, for [Operation.Fit] and
// [NodeStatus]. A node that is not callable gets no calls of this pool from now
// on, until there is another note or connection.
func (l *Link) Note(note any, callable bool) {
	l.member.found.Store(&found{conn: l.conn, note: note, callable: callable})
	l.member.pool.queue.wake()
}

// found is what an inspector noted of a connection.
type found struct {
	conn     *connected
	note     any
	callable bool
}

// unknown is what is found as long as nothing was noted.
var unknown = &found{callable: true}

// foundOf returns what was noted of a connection; of a former one it says nothing.
func (m *member) foundOf(conn *connected) *found {
	if f := m.found.Load(); f != nil && f.conn == conn {
		return f
	}
	return unknown
}

// inspect has every connection of the member looked at until it is retired.
func (m *member) inspect() {
	ctx, cancel := context.WithCancel(m.pool.node.ctx)
	m.stop = cancel
	m.pool.gone.Go(func() {
		for ctx.Err() == nil {
			conn, changed := m.peer.watch()
			living, end := context.WithCancel(ctx)
			var inspection sync.WaitGroup
			if conn != nil && conn.takesCalls() {
				inspection.Go(func() { m.pool.inspector(living, &Link{m, conn}) })
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
			end()
			inspection.Wait()
		}
	})
}

// fitting returns the members that fit, by what was noted of them.
func fitting(members []*member, fit func(note any) bool) []*member {
	list := make([]*member, 0, len(members))
	for _, m := range members {
		if fit(m.foundOf(m.peer.current.Load()).note) {
			list = append(list, m)
		}
	}
	return list
}
