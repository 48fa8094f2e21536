package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
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
}

// Run looks once, for every application, and asks every node it finds. It fails
// when an application has no node, when a node cannot be called, and when discovery
// has a problem: there may be nodes that it does not see.
func (n *nodesCommand) Run(ctx context.Context, out output) error {
	cfg, err := n.Load()
	if err != nil {
		return err
	}
	node, err := service.StartProbe(cfg, "nodes")
	if err != nil {
		return err
	}
	defer node.Stop()
	failed := false
	for i := range cfg.Apps {
		if !n.show(ctx, out, node, &cfg.Apps[i]) {
			failed = true
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

// show prints the nodes of one application, and says whether there are any and all of
// them can be called.
func (n *nodesCommand) show(ctx context.Context, out output, node *rpcclient.Node, app *config.App) bool {
	found, problems := service.Discover(ctx, app)
	rows := make([]row, len(found))
	var probes sync.WaitGroup
	for i, t := range found {
		probes.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, n.Timeout)
			defer cancel()
			rows[i].look(ctx, node, t, app.AbsintheConfig)
		})
	}
	probes.Wait()

	fmt.Fprintf(out, "%s  %s\n", app.Path, app.Schema)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(rows) > 0 {
		fmt.Fprintln(table, "  NAME\tADDRESS\tHANDSHAKE\tOTP\tSCHEMA")
	}
	callable := len(rows) > 0 && len(problems) == 0
	for i, r := range rows {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", oneLine(r.name(found[i].Name)), found[i].Addr, r)
		callable = callable && r.err == nil && r.HasSchema
	}
	table.Flush()
	showDifferences(out, rows)
	for _, problem := range problems {
		fmt.Fprintf(out, "  %s: %s\n", oneLine(problem.Source), oneLine(problem.Err.Error()))
	}
	return callable
}

// row is what is known of one node.
type row struct {
	rpcclient.Probe
	err       error
	schema    *schema.Schema // nil: it has none, or none that can be read
	schemaErr error
}

func (r *row) look(ctx context.Context, node *rpcclient.Node, t rpcclient.NodeAddr, app rpcclient.AbsintheConfig) {
	r.Probe, r.err = node.Probe(ctx, t, app, schema.Introspection)
	if r.err != nil || !r.HasSchema {
		return
	}
	if r.schemaErr = r.DescribeErr; r.schemaErr == nil {
		r.schema, r.schemaErr = schema.FromNode(r.Description.SDL, r.Description.Introspection)
	}
}

// showDifferences prints how the schemas of nodes differ from the first one's.
func showDifferences(out output, rows []row) {
	var first *schema.Schema
	shown := make(map[string]bool)
	for _, r := range rows {
		switch {
		case r.schema == nil || shown[r.schema.Hash()]:
			continue
		case first == nil:
			first = r.schema
		default:
			fmt.Fprintf(out, "  schema %s differs from %s: %s\n", r.schema.ShortHash(), first.ShortHash(), schema.Summary(schema.Diff(first, r.schema), 8))
		}
		shown[r.schema.Hash()] = true
	}
}

func (r row) name(fallback string) string {
	if r.Name == "" {
		return fallback
	}
	return r.Name
}

func (r row) String() string {
	switch {
	case r.err != nil && r.Name == "":
		return "failed: " + oneLine(r.err.Error())
	case r.err != nil:
		return fmt.Sprintf("%s\tfailed: %s", r.Handshake.Round(100*time.Microsecond), oneLine(r.err.Error()))
	}
	state := "not found" + orOneOf(r.OtherSchemas)
	switch {
	case r.schema != nil:
		state = "found " + r.schema.ShortHash()
		if failed := r.Description.Incomplete; failed != nil {
			state += ", incomplete: " + oneLine(failed.Error())
		}
	case r.HasSchema:
		state = fmt.Sprintf("found, but cannot be read: %s", oneLine(r.schemaErr.Error()))
	}
	return fmt.Sprintf("%s\t%s\t%s", r.Handshake.Round(100*time.Microsecond), oneLine(r.OTPRelease), state)
}

// oneLine is a text of a node as a terminal may get it: control characters could do
// anything there.
func oneLine(text string) string {
	const longest = 500
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// orOneOf suggests the schemas that a node has.
func orOneOf(schemas []string) string {
	if len(schemas) == 0 {
		return ""
	}
	return "; schemas there: " + strings.Join(schemas, ", ")
}
