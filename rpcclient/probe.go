package rpcclient

import (
	"context"
	"errors"
	"time"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Probe is the outcome of probing one node.
type Probe struct {
	Name         string        // the node's own name
	Handshake    time.Duration // from the dial to the end of the handshake
	OTPRelease   string        // "27"
	Figures      *NodeFigures  // nil: the node does not tell them
	HasSchema    bool          // the schema's module can be loaded
	OtherSchemas []string      // without it: the Absinthe schemas on the node
	Missing      []MissingName // other names of the configuration that the node does not know
	ClockAhead   time.Duration // of the node's clock before this host's
	Peers        []string      // the hidden nodes that are connected to the node, this one included

	Description Description // of the schema
	DescribeErr error       // why there is none
}

// Probe connects to a node, asks for its release and schema, and disconnects. It asks
// for the description if introspection, a document, is not empty. After an error, the
// result holds what was learnt before it.
func (n *Node) Probe(ctx context.Context, t NodeAddr, app AbsintheConfig, introspection string) (p Probe, err error) {
	err = n.visit(ctx, t, func(c *liveConn, handshake time.Duration) error {
		p.Handshake, p.Name = handshake, c.Peer().Name
		return p.ask(ctx, c, app, introspection)
	})
	return p, err
}

// Forget removes what gateways with prepare on have left on a node, and returns the names
// of the removed modules. A gateway that is connected runs documents from their text until
// it connects again.
func (n *Node) Forget(ctx context.Context, t NodeAddr) (modules []string, err error) {
	err = n.visit(ctx, t, func(c *liveConn, _ time.Duration) error {
		result, err := c.evaluate(ctx, agent.Forget)
		if err != nil {
			return err
		}
		defer result.Release()
		d := etf.NewDecoder(result.Value)
		count, err := d.List()
		for range count {
			var name []byte
			if name, err = d.Binary(); err != nil {
				break
			}
			modules = append(modules, string(name))
		}
		return err
	})
	return modules, err
}

// visit connects to a node, calls f with the connection and the time of the handshake,
// and disconnects.
func (n *Node) visit(ctx context.Context, t NodeAddr, f func(c *liveConn, handshake time.Duration) error) error {
	began := time.Now()
	conn, ended, err := n.runtime.dial(ctx, t.Name, t.Addr, false)
	// The node may not have noticed yet that an earlier visit has ended.
	for tries := 1; errors.Is(err, erldist.ErrAlive) && tries < 50 && ctx.Err() == nil; tries++ {
		time.Sleep(100 * time.Millisecond)
		began = time.Now()
		conn, ended, err = n.runtime.dial(ctx, t.Name, t.Addr, false)
	}
	if err != nil {
		return err
	}
	handshake := time.Since(began)
	defer func() {
		conn.Close()
		<-ended
	}()
	c, err := newLiveConn(ctx, conn)
	if err != nil {
		return err
	}
	return f(c, handshake)
}

// ask asks a connected node what Probe is to tell.
func (p *Probe) ask(ctx context.Context, c *liveConn, app AbsintheConfig, introspection string) (err error) {
	if p.OTPRelease, err = callBinary(ctx, c, "Elixir.System", "otp_release", etf.AppendNil(nil)); err != nil {
		return err
	}
	p.Figures, _ = c.fetchFigures(ctx) // their absence is no failure
	if p.HasSchema, err = app.HasSchema(ctx, c); err != nil {
		return err
	}
	if p.Missing, err = app.missing(ctx, c); err != nil {
		return err
	}
	if p.ClockAhead, err = clockAhead(ctx, c); err != nil {
		return err
	}
	if p.Peers, err = hiddenNodes(ctx, c); err != nil {
		return err
	}
	switch {
	case !p.HasSchema:
		p.OtherSchemas, _ = SchemaModules(ctx, c) // a suggestion: its absence is no failure
	case introspection != "":
		p.Description, p.DescribeErr = app.Describe(ctx, c, introspection)
	}
	return nil
}

// hiddenNodes returns the names of the hidden nodes that are connected to a node.
func hiddenNodes(ctx context.Context, c NodeCaller) (names []string, err error) {
	result, err := c.Call(ctx, "erlang", "nodes", atomArgs("hidden"))
	if err != nil {
		return nil, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	n, err := d.List()
	for range n {
		var name string
		if name, err = d.Atom(); err != nil {
			break
		}
		names = append(names, name)
	}
	return names, err
}
