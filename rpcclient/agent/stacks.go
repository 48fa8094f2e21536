package agent

import _ "embed"

// Stacks are the expressions that return what processes do. Their binding Pids is a list
// of processes.
//
//go:embed stacks.erl
var Stacks string
