package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// erpc is a load of calls from processes of one BEAM node to another one.
type erpc struct {
	testing.TB
	node, target *beamtest.Node
	workload
}

// Run implements [Load].
func (l erpc) Run(callers int, duration time.Duration) (run Run, err error) {
	differs := "nil"
	if l.differs != "" {
		differs = fmt.Sprintf("%q", l.differs)
	}
	answer := l.node.Eval(l, fmt.Sprintf("Bench.Callers.run(:%q, %q, TestApp.JSON.read(%q), %s, %d, %d)",
		l.target.Name, l.document, l.variables, differs, callers, duration.Milliseconds()))
	var elapsed, p50, p99 int64
	_, err = fmt.Sscanf(answer, "{%d, %d, %d, %d}", &run.Requests, &elapsed, &p50, &p99)
	run.Elapsed, run.P50, run.P99 = time.Duration(elapsed)*time.Microsecond, time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	return run, err
}
