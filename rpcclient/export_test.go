package rpcclient

import "slices"

// Prepared reports whether a node of the pool runs the operation without its text.
func (a *Absinthe) Prepared(op Operation) bool {
	op.hashDocument()
	return slices.ContainsFunc(*a.Pool.members.Load(), func(m *member) bool {
		l := m.preparingAgent(m.peer.current.Load())
		return l != nil && l.has(&op)
	})
}
