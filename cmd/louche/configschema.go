package main

import "github.com/louche-graphql/louche/docs"

type configSchemaCommand struct{}

// Run prints the JSON Schema of configuration files.
func (configSchemaCommand) Run(out output) error {
	_, err := out.Write(docs.ConfigSchema)
	return err
}
