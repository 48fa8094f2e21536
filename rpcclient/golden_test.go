package rpcclient_test

import (
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// The node only answers exactly the recorded document, variables, operation name and
// context, so this tests both directions of the wire.
func testGolden(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	app := absinthe(gw.pool(t, rpcclient.PoolConfig{}, target))
	t.Logf("OTP %s, real Absinthe: %v", node.OTP(), node.RealAbsinthe())

	for _, c := range goldentest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			result, err := app.Run(t.Context(), rpcclient.Operation{
				Document:  c.Query,
				Variables: c.Variables,
				Name:      c.OperationName,
				Context:   c.ContextETF[1:],
			})
			if err != nil {
				t.Fatal(err)
			}
			defer result.Release()
			got, err := result.Value.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			goldentest.CheckJSON(t, got, []byte(c.JSON))
		})
	}
}
