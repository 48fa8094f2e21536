package rpcclient_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// tracingApp returns an application whose nodes get the traces of operations.
func tracingApp(gw *gateway, target rpcclient.NodeAddr, change func(*rpcclient.AbsintheConfig)) *rpcclient.Absinthe {
	app := absinthe(rpcclient.NewPool(gw.Node, rpcclient.PoolConfig{}, slog.New(slog.NewTextHandler(gw.log, nil))))
	app.Config.TraceContext, app.Config.LogMetadata = "on", "off"
	change(&app.Config)
	app.Config.SetDefaults()
	app.Pool.AddInspector(app.FindTraceExtractor)
	if app.Config.Prepares() {
		app.Pool.AddInspector(app.InstallAgent)
	}
	app.Pool.Update([]rpcclient.NodeAddr{target}, nil)
	return app
}

// The application's OpenTelemetry gets the trace of an operation in the process that runs
// the resolvers.
func TestTraceContext(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	node.LoadOpenTelemetry(t)
	for name, change := range map[string]func(*rpcclient.AbsintheConfig){
		"plain":         func(*rpcclient.AbsintheConfig) {},
		"built-context": func(c *rpcclient.AbsintheConfig) { c.ContextFrom = "TestApp.Gateway.user" },
		"prepared":      func(c *rpcclient.AbsintheConfig) { c.Prepare = "on" },
		"log-metadata":  func(c *rpcclient.AbsintheConfig) { c.LogMetadata = "on" },
	} {
		t.Run(name, func(t *testing.T) {
			app := tracingApp(startGateway(t, nil), target, change)
			eventually(t, "the node is up", app.Pool.Ready)
			eventually(t, "the resolver's line has the trace", func() bool {
				return metadataLogged(t, node, app, rpcclient.Operation{Trace: tracing}) == metadataOfTracing
			})
			if got := metadataLogged(t, node, app, rpcclient.Operation{}); got != "" {
				t.Errorf("an operation without a trace has %s", got)
			}
			forget(t, node)
		})
	}
}

// Operations run without their trace on a node that has no OpenTelemetry.
func testNoTraceContext(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	if strings.Contains(node.Eval(t, "Code.ensure_loaded?(:otel_propagator_text_map)"), "true") {
		t.Skip("the node has OpenTelemetry")
	}
	gw := startGateway(t, nil)
	app := tracingApp(gw, target, func(*rpcclient.AbsintheConfig) {})
	gw.log.wait(t, "node has no OpenTelemetry", node.Name)
	if got := metadataLogged(t, node, app, rpcclient.Operation{Trace: tracing}); got != "" {
		t.Error(got)
	}
}
