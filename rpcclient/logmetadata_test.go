package rpcclient_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

var tracing = rpcclient.Trace{
	ID: [16]byte{0x0a, 0xf7}, Span: [8]byte{0xb7, 0xad}, Sampled: true, State: "other=1",
}

// metadataOfTracing is the log's metadata of tracing, as Logger prints it.
var metadataOfTracing = "otel_span_id=b7ad000000000000 otel_trace_flags=01 otel_trace_id=0af7" + strings.Repeat("0", 28)

// metadataLogged runs an operation whose resolver logs, and returns the metadata of that line
// in order of the keys.
func metadataLogged(t testing.TB, node *beamtest.Node, app *rpcclient.Absinthe, op rpcclient.Operation) string {
	t.Helper()
	message := fmt.Sprintf("line-%d.", lines.Add(1))
	op.Document, op.Variables = `query L($m: String!) { log(message: $m) }`, fmt.Appendf(nil, `{"m":%q}`, message)
	if got := text(t, app, op); got != `{"data":{"log":true}}` {
		t.Error(got)
	}
	metadata, _ := strings.CutSuffix(strings.TrimPrefix(node.WaitOutput(t, " "+message), "[info] "), message)
	return strings.TrimSuffix(metadata, " ")
}

var lines atomic.Int64

// The lines that resolvers log have the ids of request and trace, whatever runs the
// operation.
func testLogMetadata(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	plain := absinthe(gw.pool(t, rpcclient.PoolConfig{}, target))
	plain.Config.SetDefaults()
	building := absinthe(plain.Pool)
	building.Config.ContextFrom = "TestApp.Gateway.user"
	building.Config.SetDefaults()
	prepared := preparing(t, gw, rpcclient.PoolConfig{}, target)
	both := preparing(t, gw, rpcclient.PoolConfig{}, target)
	both.Config.ContextFrom = "TestApp.Gateway.user"
	silent := absinthe(plain.Pool)
	silent.Config.LogMetadata = "off"
	silent.Config.SetDefaults()
	for name, tt := range map[string]struct {
		app  *rpcclient.Absinthe
		op   rpcclient.Operation
		want string
	}{
		"request":            {plain, rpcclient.Operation{RequestID: "id-of-request"}, "request_id=id-of-request"},
		"request in a trace": {plain, rpcclient.Operation{RequestID: "id-of-request", Trace: tracing}, metadataOfTracing + " request_id=id-of-request"},
		"built context":      {building, rpcclient.Operation{RequestID: "id-of-request", Trace: tracing}, metadataOfTracing + " request_id=id-of-request"},
		"prepared":           {prepared, rpcclient.Operation{RequestID: "id-of-request", Trace: tracing}, metadataOfTracing + " request_id=id-of-request"},
		"prepared and built": {both, rpcclient.Operation{RequestID: "id-of-request"}, "request_id=id-of-request"},
		"off":                {silent, rpcclient.Operation{RequestID: "id-of-request", Trace: tracing}, ""},
		"without a request":  {plain, rpcclient.Operation{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for range 4 { // documents are prepared from the third call on
				if got := metadataLogged(t, node, tt.app, tt.op); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
	forget(t, node)
}

// No id of a request becomes an atom.
func testLogMetadataMakesNoAtoms(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	app := absinthe(startGateway(t, nil).pool(t, rpcclient.PoolConfig{}, target))
	app.Config.SetDefaults()
	node.CheckNoAtoms(t, func(i int) {
		op := rpcclient.Operation{RequestID: fmt.Sprintf("request_%d", i), Trace: tracing, Context: etf.AppendMap(nil, 0)}
		binary.BigEndian.PutUint32(op.Trace.ID[12:], uint32(i))
		binary.BigEndian.PutUint32(op.Trace.Span[4:], uint32(i))
		metadataLogged(t, node, app, op)
	})
}
