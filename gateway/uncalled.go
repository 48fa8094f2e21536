package gateway

import (
	"strings"

	"github.com/louche-graphql/louche/rpcclient"
)

// reasons say why a node in a state gets no calls, or soon gets none.
var reasons = map[rpcclient.NodeState]string{
	rpcclient.Starting: "its applications are starting",
	rpcclient.Stopping: "its applications are stopping",
	rpcclient.Draining: "an operator drains it",
	rpcclient.Unlisted: "discovery no longer lists it; it gets calls while its connection lives",
	rpcclient.Lacking:  "it lacks the schema's module",
}

// breakerReasons say what a breaker that is not closed does.
var breakerReasons = map[string]string{
	"open":      "its breaker is open: more of its calls failed than of the other nodes' calls",
	"half-open": "its breaker is half-open: a trial call decides whether it gets calls again",
}

// whyUncalled returns why a node gets no calls; "": it gets calls.
func whyUncalled(n rpcclient.NodeStatus) string {
	var why []string
	for _, reason := range []string{reasons[n.State], n.Problem, breakerReasons[n.Breaker]} {
		if reason != "" {
			why = append(why, reason)
		}
	}
	return strings.Join(why, "; ")
}
