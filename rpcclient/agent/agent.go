package agent

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
)

//go:embed agent.erl
var agentSource string

//go:embed conn.erl
var connSource string

var source = agentSource + connSource

// Loader are the expressions that load the module. load.erl documents their bindings.
//
//go:embed load.erl
var Loader string

// Forget are the expressions that remove the modules of all versions. They return a list
// of their names.
//
//go:embed forget.erl
var Forget string

// name is the module's name in the source.
const name = "louche_agent"

// Module is the module's name on a node. It has a hash of the source, so gateways of
// different versions use different modules.
var Module = func() string {
	sum := sha256.Sum256([]byte(source + Loader))
	return name + "_" + hex.EncodeToString(sum[:6])
}()

// Source is the module's source with its name on a node.
var Source = strings.ReplaceAll(source, name, Module)
