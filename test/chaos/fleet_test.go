package chaos

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// fleet is the nodes of the application on one host.
type fleet struct {
	epmd   int
	pace   time.Duration    // duration of the field pace on a started node
	stop   time.Duration    // stop time of the application on such a node
	live   []*beamtest.Node // oldest first
	all    []*beamtest.Node // including killed ones
	serial int
}

// startFleet starts this number of nodes.
func startFleet(t *testing.T, nodes int, pace time.Duration) *fleet {
	t.Helper()
	f := &fleet{pace: pace}
	f.begin(t, nodes)
	return f
}

func (f *fleet) begin(t *testing.T, nodes int) {
	t.Helper()
	f.epmd = beamtest.StartEPMD(t)
	for range nodes {
		f.start(t)
	}
}

// smallNode limits the processor use of a node's schedulers.
var smallNode = []string{"+S", "1:1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}

// start starts a node under a name with a new hash.
func (f *fleet) start(t *testing.T, args ...string) *beamtest.Node {
	t.Helper()
	return f.launch(t, beamtest.Options{Args: args})
}

// launch is start with options, of which it sets all but Args and HoldStart.
func (f *fleet) launch(t *testing.T, o beamtest.Options) *beamtest.Node {
	t.Helper()
	f.serial++
	o.Name = fmt.Sprintf("testapp-%08x@127.0.0.1", uint32(f.serial)*2654435761)
	o.EPMDPort = f.epmd
	o.Env = []string{
		"TESTAPP_PACE=" + strconv.FormatInt(f.pace.Milliseconds(), 10),
		"TESTAPP_STOP=" + strconv.FormatInt(f.stop.Milliseconds(), 10),
	}
	o.Args = append(smallNode, o.Args...)
	n := beamtest.StartNode(t, o)
	f.live, f.all = append(f.live, n), append(f.all, n)
	return n
}

// kill kills the oldest node.
func (f *fleet) kill() {
	f.live[0].Kill()
	f.live = f.live[1:]
}

// churn kills a node every period and starts one under a new hash in its place. It
// stops after `kills` kills once a kill has shown the test's subject, and after ten
// times as many at the latest. It returns the number of kills.
func (f *fleet) churn(t *testing.T, period time.Duration, kills int, shown func() bool) (killed int) {
	t.Helper()
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for killed < kills || !shown() && killed < 10*kills {
		<-ticker.C
		f.kill()
		f.start(t)
		killed++
	}
	return killed
}

// replace starts a node under a new hash, whose application starts once seen has
// returned, and then stops the oldest one in an orderly way. It returns the time of
// the stop signal.
func (f *fleet) replace(t *testing.T, seen func(starting *beamtest.Node)) (stopped *beamtest.Node, told time.Time) {
	t.Helper()
	n := f.launch(t, beamtest.Options{HoldStart: true})
	seen(n)
	n.ReleaseStart(t)
	told, stopped = time.Now(), f.live[0]
	stopped.Stop(t)
	f.live = f.live[1:]
	return stopped, told
}

// longTimeout is an application's timeout that no successful query reaches.
var longTimeout = fmt.Sprintf("timeout: %v", waittest.Limit)

// pollInterval is the interval of discovery in these tests.
const pollInterval = 250 * time.Millisecond

// settings configure a gateway for the fleet.
func (f *fleet) settings(app ...string) settings {
	return settings{
		discovery: fmt.Sprintf("dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: %v", f.epmd, pollInterval),
		app:       app,
	}
}

// calls counts the processes on a node that run a call of the gateway.
func calls(t testing.TB, n *beamtest.Node) int {
	t.Helper()
	count, err := strconv.Atoi(n.Eval(t, `
		Enum.count(Process.list(), &(Process.info(&1, :initial_call) == {:initial_call, {:erpc, :execute_call, 4}}))`))
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// count is the number of queries of the field counter on a node, including this one.
func count(t testing.TB, n *beamtest.Node) int {
	t.Helper()
	count, err := strconv.Atoi(n.Eval(t, "TestApp.Fields.counter()"))
	if err != nil {
		t.Fatal(err)
	}
	return count
}
