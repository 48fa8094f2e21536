package agent

import _ "embed"

// Upload are the expressions of a process that receives the files of an operation and runs
// it. upload.erl documents their bindings, messages and value.
//
//go:embed upload.erl
var Upload string
