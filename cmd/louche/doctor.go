package main

import (
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/doctor"
)

type doctorCommand struct {
	config.Flags
	Timeout time.Duration `default:"10s" help:"Timeout for each node and server."`
	JSON    bool          `name:"json" help:"Print JSON."`
}

func (d *doctorCommand) Help() string {
	return "It checks in order: the configuration, the cookie, files, certificates, addresses, Redis, key sets, discovery, and each node: handshake, OTP, clock, schema, functions. It changes nothing."
}

// Run fails if a check fails.
func (d *doctorCommand) Run(ctx context.Context, out output) error {
	findings := []doctor.Finding{}
	healthy := doctor.Examine(ctx, &d.Flags, d.Timeout, func(f doctor.Finding) {
		findings = append(findings, f)
		if !d.JSON {
			printFinding(out, f)
		}
	})
	if d.JSON {
		printJSON(out, findings)
	}
	if !healthy {
		return errFailed
	}
	return nil
}

func printFinding(out output, f doctor.Finding) {
	fmt.Fprintf(out, "%-8s %-14s %s\n", f.Status, f.Check, oneLine(f.Detail))
	if f.Remedy != "" {
		fmt.Fprintf(out, "%-8s %-14s → %s\n", "", "", f.Remedy)
	}
}
