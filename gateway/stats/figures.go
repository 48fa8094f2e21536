package stats

import (
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// figures are those of one operation.
type figures struct {
	operation Operation
	counts
	problems map[string]uint64 // requests by their problem
	// recent has slow and failed requests, the oldest first. Snapshots share its elements,
	// which do not change.
	recent []request
}

// record counts a request. Those that take as long as slow are kept, and so are failed ones.
func (f *figures) record(r *operation.Report, slow time.Duration) {
	f.add(r, slow)
	f.countProblem(r)
	if took := r.Took(); r.Failed() || took >= slow {
		f.keep(newRequest(r, took))
	}
}

// countProblem counts a request by the gateway's code, or by the outcome of a result of the
// application: words of this program.
func (f *figures) countProblem(r *operation.Report) {
	problem := r.Code
	if problem == operation.OK {
		problem = string(r.Outcome)
	}
	if problem == "" {
		return
	}
	if f.problems == nil {
		f.problems = make(map[string]uint64)
	}
	f.problems[problem]++
}

func (f *figures) keep(r request) {
	if len(f.recent) == maxRecent {
		f.recent = f.recent[1:]
	}
	f.recent = append(f.recent, r)
}
