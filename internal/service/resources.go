package service

import (
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/louche-graphql/louche/gateway"
)

// foreignMemory is what the process takes of memory that Go's runtime does not count:
// its code, above all.
const foreignMemory = 32 << 20

// LimitMemory has garbage collected before the process takes more memory than its
// limits need. GOMEMLIMIT comes first.
func LimitMemory(limits gateway.Limits, log *slog.Logger) {
	needed := limits.Footprint() - foreignMemory
	if set := debug.SetMemoryLimit(-1); set == math.MaxInt64 {
		debug.SetMemoryLimit(needed)
	} else if set < needed {
		log.Warn("GOMEMLIMIT is less than the limits may need, and then most of the time goes into collecting garbage: raise it, or lower limits.memory or limits.connections",
			"gomemlimit", set, "needed", needed)
	}
}

// nodeDescriptors are kept for the connections to nodes, for dials, DNS and files.
const nodeDescriptors = 512

// fitting returns the limits with no more connections than a process that may have so
// many open files can have beside those of operators and nodes.
func fitting(limits gateway.Limits, open int, log *slog.Logger) gateway.Limits {
	need := limits.Descriptors() + nodeDescriptors
	if need <= open {
		return limits
	}
	connections := max(1, limits.Connections-(need-open))
	log.Warn("limits.connections is lowered to what the limit of open files leaves beside operators and nodes: raise that limit (ulimit -n, LimitNOFILE), or lower limits.connections",
		"open_files", open, "needed", need, "limits.connections", limits.Connections, "lowered_to", connections)
	limits.Connections = connections
	limits.ConnectionsPerAddress = min(limits.ConnectionsPerAddress, max(1, connections/2))
	return limits
}
