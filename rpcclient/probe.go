package rpcclient

import (
	"context"
	"errors"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Probe is the outcome of probing one node.
type Probe struct {
	Name         string        // the node's own name
	Handshake    time.Duration // from the dial to the end of the handshake
	OTPRelease   string        // "27"
	HasSchema    bool          // the schema's module can be loaded
	OtherSchemas []string      // without it: the Absinthe schemas on the node

	Description Description // of the schema
	DescribeErr error       // why there is none
}

// Probe connects to a node, asks for its release and schema, and disconnects. It asks
// for the description if introspection, a document, is not empty. After an error, the
// result holds what was learnt before it.
func (n *Node) Probe(ctx context.Context, t NodeAddr, app AbsintheConfig, introspection string) (Probe, error) {
	var p Probe
	began := time.Now()
	conn, ended, err := n.runtime.dial(ctx, t.Name, t.Addr, false)
	// The node may not have noticed yet that an earlier probe has left.
	for tries := 1; errors.Is(err, erldist.ErrAlive) && tries < 10 && ctx.Err() == nil; tries++ {
		time.Sleep(100 * time.Millisecond)
		began = time.Now()
		conn, ended, err = n.runtime.dial(ctx, t.Name, t.Addr, false)
	}
	if err != nil {
		return p, err
	}
	p.Handshake, p.Name = time.Since(began), conn.Peer().Name
	defer func() {
		conn.Close()
		<-ended
	}()
	c, err := newLiveConn(ctx, conn)
	if err != nil {
		return p, err
	}
	release, err := c.Call(ctx, "Elixir.System", "otp_release", etf.AppendNil(nil))
	if err != nil {
		return p, err
	}
	defer release.Release()
	d := etf.NewDecoder(release.Value)
	text, err := d.Binary()
	if err != nil {
		return p, err
	}
	p.OTPRelease = string(text)
	p.HasSchema, err = app.HasSchema(ctx, c)
	switch {
	case err != nil:
		return p, err
	case !p.HasSchema:
		p.OtherSchemas, _ = SchemaModules(ctx, c) // a suggestion: its absence is no failure
		return p, nil
	case introspection == "":
		return p, nil
	}
	p.Description, p.DescribeErr = app.Describe(ctx, c, introspection)
	return p, nil
}
