package agent

import _ "embed"

// Figures are the expressions that return the figures of a node. They have no bindings.
//
//go:embed figures.erl
var Figures string
