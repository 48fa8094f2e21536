package rpcclient

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A nodeAgent is the agent that a node has loaded over one connection.
type nodeAgent struct {
	conn  *liveConn
	state atomic.Pointer[PreparedState]
	// kept are the documents that calls send without their text. False: not any more.
	kept *cache.Cache[preparedKey, bool]

	closing sync.Once
	removed chan struct{} // closed when the node has no agent
}

func newNodeAgent(conn *liveConn) *nodeAgent {
	return &nodeAgent{conn: conn, kept: cache.New[preparedKey, bool](maxKept, maxKeptNames), removed: make(chan struct{})}
}

// preparedKey identifies a prepared operation.
type preparedKey struct {
	hash DocumentHash
	name string
}

// PreparedState describes the documents that a node has prepared.
type PreparedState struct {
	// Problem says why the node runs documents from their text. Empty: it prepares them.
	Problem string
	// Documents and Bytes are those of all schemas and gateways.
	Documents, Bytes int
	// Generations is how often the node has replaced its documents. The runtime scans all
	// processes each time.
	Generations int
}

// Bounds of the operations that are known to be prepared on a node. The bytes are those
// of their names.
const (
	maxKept      = 10_000
	maxKeptNames = 1 << 20
)

// An agent without renewal for agentLease removes itself from its node. The first
// renewal includes compiling it.
const (
	agentLease   = time.Minute
	renewalAfter = 10 * time.Second
	renewalTime  = 30 * time.Second
)

// InstallAgent is an inspector for [Pool.AddInspector]. It loads the agent into the node,
// and renews its lease until the connection ends or the node removes it. Without the agent,
// documents run from their text; where it is needed, the node gets no calls until it is
// loaded again.
func (a *Absinthe) InstallAgent(ctx context.Context, n *NodeConn) {
	for {
		l := newNodeAgent(n.conn)
		state, err := a.loadAgent(ctx, n)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			l.state.Store(&state)
		} else {
			l.remove(err.Error())
		}
		n.member.agent.Store(l)
		n.member.pool.queue.wake()
		if err == nil {
			a.renewLeases(ctx, n, l)
		}
		if ctx.Err() != nil {
			return
		}
		a.reportProblem(n, l)
		if !a.Config.NeedsAgent() {
			return
		}
		if err != nil { // at another try
			select {
			case <-ctx.Done():
			case <-time.After(renewalAfter):
			}
		}
	}
}

// renewLeases renews the lease of a loaded agent until the node removes it, or until it is of
// no use.
func (a *Absinthe) renewLeases(ctx context.Context, n *NodeConn, l *nodeAgent) {
	for l.state.Load().Problem == "" || a.Config.NeedsAgent() {
		select {
		case <-ctx.Done():
			return
		case <-l.removed:
			return
		case <-time.After(renewalAfter):
		}
		before := l.state.Load()
		switch state, err := a.renewLease(ctx, n); {
		case err == nil:
			l.state.CompareAndSwap(before, &state) // a call may have found the agent removed meanwhile
		case isRemoved(err):
			l.remove(err.Error())
		}
	}
}

func (a *Absinthe) reportProblem(n *NodeConn, l *nodeAgent) {
	message := "node does not prepare documents"
	if a.Config.NeedsAgent() {
		message = "node gets no calls until it has the agent"
	}
	a.Pool.log.Warn(message, "node", n.Name(), "schema", a.Config.Schema, "reason", l.state.Load().Problem)
}

// hashDocument computes the hash if it is missing.
func (op *Operation) hashDocument() {
	if op.Hash == (DocumentHash{}) {
		op.Hash = sha256.Sum256([]byte(op.Document))
	}
}

// has reports whether a call of the operation needs no text.
func (l *nodeAgent) has(op *Operation) bool {
	kept, _ := l.kept.Get(preparedKey{op.Hash, op.Name})
	return kept
}

// setKept sets whether the node keeps the operation.
func (l *nodeAgent) setKept(op *Operation, kept bool) {
	if kept != l.has(op) {
		l.kept.Add(preparedKey{op.Hash, strings.Clone(op.Name)}, kept, len(op.Name))
	}
}

// remove has calls do without the agent.
func (l *nodeAgent) remove(problem string) {
	l.state.Store(&PreparedState{Problem: problem})
	l.closing.Do(func() { close(l.removed) })
}

func (l *nodeAgent) isRemoved() bool {
	select {
	case <-l.removed:
		return true
	default:
		return false
	}
}

// agentOn returns the agent that was loaded over this connection. Nil: there is none.
func (m *member) agentOn(conn *liveConn) *nodeAgent {
	if l := m.agent.Load(); l != nil && l.conn == conn && !l.isRemoved() {
		return l
	}
	return nil
}

// preparingAgent returns the agent for a call over this connection that needs none. Nil:
// the document runs from its text.
func (m *member) preparingAgent(conn *liveConn) *nodeAgent {
	if l := m.agentOn(conn); l != nil && l.state.Load().Problem == "" {
		return l
	}
	return nil
}

// preparedState returns the state over this connection. Nil: unknown.
func (m *member) preparedState(conn *liveConn) *PreparedState {
	if l := m.agent.Load(); l != nil && l.conn == conn {
		return l.state.Load()
	}
	return nil
}

// loadAgent compiles and loads the agent, unless the node has it, and renews its lease.
func (a *Absinthe) loadAgent(ctx context.Context, n *NodeConn) (PreparedState, error) {
	ctx, cancel := context.WithTimeout(ctx, renewalTime)
	defer cancel()
	return readPreparedState(n.conn.evaluate(ctx, agent.Loader,
		binding{"Module", etf.AppendAtom(nil, agent.Module)},
		binding{"Source", etf.AppendBinary(nil, agent.Source)},
		binding{"Arguments", a.Config.appendRenewal(nil)}))
}

func (a *Absinthe) renewLease(ctx context.Context, n *NodeConn) (PreparedState, error) {
	ctx, cancel := context.WithTimeout(ctx, renewalTime)
	defer cancel()
	return readPreparedState(n.Call(ctx, agent.Module, "renew", a.Config.appendRenewal(nil)))
}

// appendRenewal appends [Schema, Lease, Words], the arguments of renew/3 of the agent.
func (c *AbsintheConfig) appendRenewal(b []byte) []byte {
	const wordSize = 8
	b = etf.AppendAtom(etf.AppendList(b, 3), ModuleAtom(c.Schema))
	b = etf.AppendInt(b, agentLease.Milliseconds())
	if !c.Prepares() {
		return etf.AppendNil(etf.AppendAtom(b, "none"))
	}
	return etf.AppendNil(etf.AppendInt(b, int64(c.PrepareMemory/wordSize)))
}

// readPreparedState reads {ok, Documents, Words, Generations} or {plain, Reason}.
func readPreparedState(result *Result, err error) (s PreparedState, _ error) {
	if err != nil {
		return s, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	if _, err := d.Tuple(); err != nil {
		return s, err
	}
	switch tag, _ := d.Atom(); tag {
	case "ok":
		for _, field := range []*int{&s.Documents, &s.Bytes, &s.Generations} {
			n, err := d.Int()
			if err != nil {
				return s, err
			}
			*field = int(n)
		}
		s.Bytes *= 8
		return s, nil
	case "plain":
		reason, err := d.Binary()
		s.Problem = string(reason)
		return s, err
	}
	return s, fmt.Errorf("the agent returned %s", result.Value)
}

// isRemoved reports whether a call failed because the node has no agent any more. Then
// nothing has run.
func isRemoved(err error) bool {
	crash, ok := err.(*CallError)
	return ok && crash.Class == "error" && strings.HasPrefix(crash.Reason, ":undef at "+agent.Module+".")
}

// withoutAgent returns ErrNoNode for an operation that has not run, since the node has removed
// the agent that it needs. The node gets no calls until it has the agent again.
func (s *slot) withoutAgent(err error) error {
	if !isRemoved(err) {
		return err
	}
	if l := s.agentOn(s.conn); l != nil {
		l.remove("the node has removed the agent")
	}
	return fmt.Errorf("%w: %w", ErrNoNode, err)
}
