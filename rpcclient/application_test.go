package rpcclient_test

import (
	"fmt"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// The application is unaffected by a gateway except for the calls.
func testApplicationIsUnaffected(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	// The output of a resolver is in the application's own, and does not block the
	// call.
	t.Run("output of resolvers", func(t *testing.T) {
		for _, tt := range []struct{ document, answer, line string }{
			{`{ log(message: "a line by Logger") }`, `{"data":{"log":true}}`, "[info] a line by Logger"},
			{`{ print(message: "a line by IO") }`, `{"data":{"print":true}}`, "a line by IO"},
		} {
			got, err := run(t.Context(), pool, tt.document)
			if err != nil || got != tt.answer {
				t.Errorf("%s: %s, %v, want %s", tt.document, got, err, tt.answer)
			}
			if line := node.WaitOutput(t, tt.line); line != tt.line {
				t.Errorf("%s wrote %q, want %q", tt.document, line, tt.line)
			}
		}
		if got, err := eval(t.Context(), pool, `Process.group_leader() == Process.whereis(:user)`); err != nil || got != "true" {
			t.Errorf("the group leader of a call is user: %s, %v", got, err)
		}
	})

	t.Run("the gateway is hidden", func(t *testing.T) {
		if got := node.Eval(t, "Node.list()"); got != "[]" {
			t.Errorf("Node.list() = %s", got)
		}
		if got, want := node.Eval(t, "Node.list(:hidden)"), fmt.Sprintf("[:%q]", gw.Name()); got != want {
			t.Errorf("Node.list(:hidden) = %s, want %s", got, want)
		}
	})

	// An atom is never freed.
	t.Run("no atom of a request", func(t *testing.T) {
		node.CheckNoAtoms(t, func(i int) {
			_, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{
				Document:  fmt.Sprintf(`query Q%d($t: String) { echoText(text: $t) }`, i),
				Variables: fmt.Appendf(nil, `{"t": "text_%d", "variable_%d": {"key_%d": ["value_%d"]}}`, i, i, i, i),
				Name:      fmt.Sprintf("Q%d", i),
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}
