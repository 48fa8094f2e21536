package main

import "github.com/alecthomas/kong"

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as serve or schema diff."`
}

// Run runs the command with --help.
func (h *helpCommand) Run(cli *kong.Context) error {
	_, err := cli.Kong.Parse(append(h.Command, "--help"))
	return err
}
