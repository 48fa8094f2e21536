package agent

import _ "embed"

// Subscribe are the expressions of a process that subscribes a document. subscribe.erl
// documents their bindings, messages and value.
//
//go:embed subscribe.erl
var Subscribe string
