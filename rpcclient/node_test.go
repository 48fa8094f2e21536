package rpcclient_test

import (
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// Starting a node takes longer than most tests, so those that leave it unchanged share
// one.
func TestNode(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	for _, tt := range []struct {
		name string
		test func(*testing.T, *beamtest.Node, rpcclient.NodeAddr)
	}{
		{"call", testCall},
		{"run", testRun},
		{"context of the application", testContextFrom},
		{"context of the application, prepared", testContextFromPrepared},
		{"metadata of the log", testLogMetadata},
		{"metadata makes no atoms", testLogMetadataMakesNoAtoms},
		{"no OpenTelemetry", testNoTraceContext},
		{"golden cases", testGolden},
		{"load", testLoad},
		{"calls end with their context", testCallEndsWithItsContext},
		{"application is unaffected", testApplicationIsUnaffected},
		{"wrong cookie", testWrongCookie},
		{"cookie sources", testCookieSources},
		{"probe", testProbe},
		{"figures", testFigures},
		{"slow calls", testSlowCalls},
		{"figures make no atoms", testFiguresMakeNoAtoms},
		{"inspection", testInspection},
		{"description of the schema", testDescribe},
		{"two gateways of one name", testTwoGatewaysOfOneName},
		{"two addresses", testTwoAddresses},
		{"unnoticed dead connection", testUnnoticedDeadConnection},
		{"pool update", testPoolUpdate},
		{"unlisted node", testUnlistedNode},
		{"drain", testDrain},
		{"pool close", testPoolClose},
		{"pools share a connection", testPoolsShareAConnection},
		{"breaker", testBreaker},
		{"stop leaves nothing behind", testStopLeavesNothingBehind},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leftAlone(t, node)
			tt.test(t, node, target)
		})
	}
}

func TestTwoNodes(t *testing.T) {
	a, atA := startApp(t, beamtest.Options{Name: "a@127.0.0.1"})
	b, atB := startApp(t, beamtest.Options{Name: "b@127.0.0.1"})
	for _, tt := range []struct {
		name string
		test func(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr)
	}{
		{"calls are spread", testPoolSpreadsCalls},
		{"retry", testRetry},
		{"built context stays on its node", testContextStaysOnItsNode},
		{"node filters", testFilter},
		{"figures of a slow node", testFiguresOfASlowNode},
		{"drain of one of two nodes of one name", testDrainOfOneName},
		{"breaker of one node", testBreakerOfOneNode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leftAlone(t, a)
			leftAlone(t, b)
			tt.test(t, a, b, atA, atB)
		})
	}
}

// leftAlone waits until a node has noticed the end of the previous test's gateway.
// Until then it refuses another one of that name. A connection leaves the list of nodes
// before the table of net_kernel, which refuses names.
func leftAlone(t testing.TB, node *beamtest.Node) {
	t.Helper()
	eventually(t, "nobody is connected", func() bool { return node.Eval(t, "{Node.list(:hidden), :ets.info(:sys_dist, :size)}") == "{[], 0}" })
}
