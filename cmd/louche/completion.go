package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/louche-graphql/louche/internal/completion"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

func (c *completionCommand) Help() string {
	return "For this shell alone: source <(louche completion bash), or louche completion fish | source."
}

// Run prints the script of a shell.
func (c *completionCommand) Run(out output) error {
	script, err := completion.Script(c.Shell)
	if err != nil {
		return err
	}
	_, err = out.Write(script)
	return err
}

// A completeCommand is what the scripts run.
type completeCommand struct {
	Words []string `arg:"" optional:"" help:"The words of the command line; the last one is completed."`
}

// Run prints the candidates, one a line.
func (c *completeCommand) Run(out output, cli *kong.Context) error {
	for _, candidate := range completion.Candidates(cli.Model, c.Words) {
		fmt.Fprintln(out, candidate)
	}
	return nil
}
