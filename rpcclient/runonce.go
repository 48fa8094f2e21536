package rpcclient

import (
	"context"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// RunOnce connects to a node, runs an operation there with the context of op, and disconnects.
// It returns at most limit bytes of JSON, in this order, and does not call
// [AbsintheConfig.ContextFrom].
func (n *Node) RunOnce(ctx context.Context, t NodeAddr, app AbsintheConfig, op Operation, order *etf.Order, limit int) (response []byte, err error) {
	absinthe := &Absinthe{Config: app}
	args, err := absinthe.appendArgs(nil, op)
	if err != nil {
		return nil, err
	}
	err = n.visit(ctx, t, func(c *liveConn, _ time.Duration) error {
		result, err := c.Call(ctx, "Elixir.Absinthe", "run", args)
		if err != nil {
			return err
		}
		defer result.Release()
		if err := result.unwrapOK(); err != nil {
			return err
		}
		response, err = result.Value.AppendJSONEncoded(ctx, nil, order, limit, absinthe.StructEncoder(ctx, result))
		return err
	})
	return response, err
}
