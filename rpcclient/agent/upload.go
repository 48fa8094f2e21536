package agent

import _ "embed"

//go:embed upload.erl
var uploadSource string

// Upload are the expressions of a process that receives the files of an operation and runs
// it. run.erl and upload.erl document their bindings, messages and value.
var Upload = runSource + uploadSource
