package service

import (
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/louche-graphql/louche/gateway"
)

// foreignMemory is the memory of the process that Go's runtime does not count, mostly its
// code.
const foreignMemory = 32 << 20

// LimitMemory sets the memory limit of Go's garbage collector to what the limits need.
// GOMEMLIMIT takes precedence.
func LimitMemory(limits gateway.Limits, log *slog.Logger) {
	needed := limits.Footprint() - foreignMemory
	if set := debug.SetMemoryLimit(-1); set == math.MaxInt64 {
		debug.SetMemoryLimit(needed)
	} else if set < needed {
		log.Warn("GOMEMLIMIT is less than the limits may need, so garbage collection may take most of the time: raise it, or lower limits.memory or limits.connections",
			"gomemlimit", set, "needed", needed)
	}
}

// nodeDescriptors are reserved for connections to nodes, dials, DNS and files.
const nodeDescriptors = 512

// fitOpenFiles lowers the limits of connections to what the limit of open files leaves
// beside operators and nodes.
func fitOpenFiles(limits gateway.Limits, open int, log *slog.Logger) gateway.Limits {
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
