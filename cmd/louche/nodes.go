package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

type nodesCommand struct {
	config.Flags
	Timeout time.Duration `default:"10s" help:"Timeout for each node."`
	Forget  bool          `help:"Remove the prepared documents from each node, with the code that keeps them."`
}

// Run polls the discovery of every application once, and probes every node. It fails if an
// application has no node, if a node cannot be called, and if discovery has a problem,
// since a problem may hide nodes.
func (n *nodesCommand) Run(ctx context.Context, out output) error {
	cfg, err := n.Load()
	if err != nil {
		return err
	}
	prober, err := service.NewProber(cfg, "nodes")
	if err != nil {
		return err
	}
	defer prober.Close()
	failed := false
	for i := range cfg.Apps {
		addrs, problems := prober.Discover(ctx, &cfg.Apps[i])
		if n.Forget {
			failed = !n.forget(ctx, out, prober, addrs) || len(problems) > 0 || failed
			continue
		}
		results := prober.ProbeAll(ctx, addrs, &cfg.Apps[i], n.Timeout)
		fmt.Fprintf(out, "%s  %s\n", cfg.Apps[i].Path, cfg.Apps[i].Schema)
		if !printNodes(out, results) || len(problems) > 0 {
			failed = true
		}
		printDifferences(out, results)
		for _, problem := range problems {
			fmt.Fprintf(out, "  %s: %s\n", oneLine(problem.Source), oneLine(problem.Err.Error()))
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

// forget removes the prepared documents from nodes. It returns false if that fails on one.
func (n *nodesCommand) forget(ctx context.Context, out output, prober *service.Prober, addrs []rpcclient.NodeAddr) bool {
	succeeded := true
	for _, addr := range addrs {
		modules, err := prober.Forget(ctx, addr, n.Timeout)
		switch {
		case err != nil:
			succeeded = false
			fmt.Fprintf(out, "%s: failed: %s\n", oneLine(addr.Name), oneLine(err.Error()))
		case len(modules) == 0:
			fmt.Fprintf(out, "%s: nothing to remove\n", oneLine(addr.Name))
		default:
			fmt.Fprintf(out, "%s: removed %s\n", oneLine(addr.Name), oneLine(strings.Join(modules, ", ")))
		}
	}
	return succeeded
}

// printNodes prints a table. It returns false if there are no nodes, or if one cannot be
// called.
func printNodes(out output, results []service.ProbeResult) bool {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(results) > 0 {
		fmt.Fprintln(table, "  NAME\tADDRESS\tHANDSHAKE\tOTP\tELIXIR\tPROCESSES\tRUN QUEUE\tSCHEMA")
	}
	callable := len(results) > 0
	for _, r := range results {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", oneLine(cmp.Or(r.Name, r.Addr.Name)), r.Addr.Addr, columns(r))
		callable = callable && r.Err == nil && r.HasSchema
	}
	table.Flush()
	return callable
}

// columns returns the columns from HANDSHAKE on.
func columns(r service.ProbeResult) string {
	handshake := r.Handshake.Round(100 * time.Microsecond)
	switch {
	case r.Err != nil && r.Name == "":
		return "failed: " + oneLine(r.Err.Error())
	case r.Err != nil:
		return fmt.Sprintf("%s\tfailed: %s", handshake, oneLine(r.Err.Error()))
	}
	state := "not found" + suggestSchemas(r.OtherSchemas)
	switch {
	case r.Schema != nil:
		state = "found " + r.Schema.ShortHash()
		if r.Description.Incomplete != nil {
			state += ", incomplete: " + oneLine(r.Description.Incomplete.Error())
		}
	case r.HasSchema:
		state = fmt.Sprintf("found, but cannot be read: %s", oneLine(r.SchemaErr.Error()))
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s", handshake, oneLine(r.OTPRelease), figureColumns(r.Figures), state)
}

// figureColumns returns the columns ELIXIR, PROCESSES and RUN QUEUE.
func figureColumns(f *rpcclient.NodeFigures) string {
	if f == nil {
		return "-\t-\t-"
	}
	return fmt.Sprintf("%s\t%d\t%d", cmp.Or(f.ElixirVersion, "-"), f.Processes.Count, f.RunQueue)
}

// printDifferences prints how the schemas of nodes differ from that of the first node.
func printDifferences(out output, results []service.ProbeResult) {
	var first *schema.Schema
	printed := make(map[string]bool)
	for _, r := range results {
		switch {
		case r.Schema == nil || printed[r.Schema.Hash()]:
			continue
		case first == nil:
			first = r.Schema
		default:
			fmt.Fprintf(out, "  schema %s differs from %s: %s\n", r.Schema.ShortHash(), first.ShortHash(), schema.Summary(schema.Diff(first, r.Schema), 8))
		}
		printed[r.Schema.Hash()] = true
	}
}

// oneLine returns a text of a node without control characters, which could control the
// terminal.
func oneLine(text string) string {
	const maxLength = 500
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxLength {
		text = strings.ToValidUTF8(text[:maxLength], "") + "…"
	}
	return text
}

func suggestSchemas(schemas []string) string {
	if len(schemas) == 0 {
		return ""
	}
	return "; schemas there: " + strings.Join(schemas, ", ")
}
