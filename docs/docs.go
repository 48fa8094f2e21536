// Package docs has the documentation, and the parts of it that the program prints.
package docs

import _ "embed"

// ConfigSchema is the JSON Schema of the configuration. make schema generates it.
//
//go:embed louche.schema.json
var ConfigSchema []byte
