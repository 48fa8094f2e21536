package main

import (
	"fmt"

	"github.com/louche-graphql/louche/internal/config"
)

type configCommand struct {
	Check  checkCommand        `cmd:"" help:"Report the mistakes in a configuration file."`
	Show   showCommand         `cmd:"" help:"Print the effective configuration, and where each value comes from."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of configuration files, for editors."`
}

type checkCommand struct {
	File  string `arg:"" help:"Configuration file (YAML)."`
	Files bool   `default:"true" negatable:"" help:"Read the files and environment variables that it names, as serve does; --no-files skips them, on a machine without them."`
}

// Run loads the file and the environment as serve does. It connects to nothing.
func (c *checkCommand) Run(out output) error {
	cfg, err := (&config.Flags{Config: c.File}).Load()
	if err == nil && c.Files {
		err = cfg.CheckFiles()
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is valid: %d application(s)\n", c.File, len(cfg.Apps))
	for _, app := range cfg.Apps {
		fmt.Fprintf(out, "  %s  %s\n", app.Path, app.Schema)
	}
	return nil
}
