package agent

import _ "embed"

//go:embed run.erl
var runSource string
