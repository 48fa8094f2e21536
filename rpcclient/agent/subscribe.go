package agent

import _ "embed"

//go:embed subscribe.erl
var subscribeSource string

// Subscribe are the expressions of a process that subscribes a document. run.erl and
// subscribe.erl document their bindings, messages and value.
var Subscribe = runSource + subscribeSource
