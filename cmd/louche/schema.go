package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/schema"
)

type schemaCommand struct {
	Pull  pullCommand        `cmd:"" help:"Print the schema of a running application."`
	Diff  diffCommand        `cmd:"" help:"Compare two schemas, and show breaking changes."`
	Check checkSchemaCommand `cmd:"" help:"Check the operations of clients against a schema."`
}

type pullCommand struct {
	config.Flags
	Path    string        `placeholder:"PATH" help:"Path of the application (default: that of the first one)."`
	Timeout time.Duration `default:"10s" help:"Timeout for each node."`
}

// Run prints the schema of the first node that returns it whole. If none does, it prints a
// part, with a warning.
func (p *pullCommand) Run(ctx context.Context, out output) error {
	cfg, err := p.Load()
	if err != nil {
		return err
	}
	app := &cfg.Apps[0]
	if p.Path != "" {
		if app = cfg.App(p.Path); app == nil {
			return fmt.Errorf("no application has the path %s", p.Path)
		}
	}
	prober, err := service.NewProber(cfg, "schema")
	if err != nil {
		return err
	}
	defer prober.Close()
	addrs, problems := prober.Discover(ctx, app)
	var incomplete *schema.Schema
	errs := []error{errors.New("no node returned its schema")}
	for _, addr := range addrs {
		r := prober.Probe(ctx, addr, app, p.Timeout)
		switch {
		case r.Schema != nil && r.Description.Incomplete == nil:
			return printSDL(out, r.Schema)
		case r.Schema != nil:
			incomplete, r.Err = r.Schema, r.Description.Incomplete
		case r.Err == nil && !r.HasSchema:
			r.Err = fmt.Errorf("%s is not there%s", app.Schema, suggestSchemas(r.OtherSchemas))
		case r.Err == nil:
			r.Err = r.SchemaErr
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr.Name, r.Err))
	}
	for _, problem := range problems {
		errs = append(errs, fmt.Errorf("%s: %w", problem.Source, problem.Err))
	}
	if incomplete == nil {
		return errors.Join(errs...)
	}
	errs[0] = errors.New("warning: the schema is incomplete")
	printError(errors.Join(errs...))
	return printSDL(out, incomplete)
}

func printSDL(out output, s *schema.Schema) error {
	_, err := io.WriteString(out, strings.TrimRight(s.SDL(), "\n")+"\n")
	return err
}

type diffCommand struct {
	Old  string `arg:"" help:"File with the current schema, in SDL or as introspection JSON, or - for standard input."`
	New  string `arg:"" help:"File with the next schema, likewise."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run fails if a change is breaking.
func (d *diffCommand) Run(out output) error {
	former, err := readSchema(d.Old)
	if err != nil {
		return err
	}
	next, err := readSchema(d.New)
	if err != nil {
		return err
	}
	changes := schema.Diff(former, next)
	count := make(map[schema.Severity]int)
	for _, c := range changes {
		count[c.Severity]++
	}
	if d.JSON {
		printJSON(out, struct {
			Breaking  int             `json:"breaking"`
			Dangerous int             `json:"dangerous"`
			Safe      int             `json:"safe"`
			Changes   []schema.Change `json:"changes"`
		}{count[schema.Breaking], count[schema.Dangerous], count[schema.Safe], append([]schema.Change{}, changes...)})
	} else {
		var last schema.Severity
		for _, c := range changes {
			if c.Severity != last {
				fmt.Fprintf(out, "%s\n", c.Severity)
				last = c.Severity
			}
			fmt.Fprintf(out, "  %-30s %s\n", c.Kind, c.Message)
		}
		fmt.Fprintf(out, "%d breaking, %d dangerous, %d safe\n", count[schema.Breaking], count[schema.Dangerous], count[schema.Safe])
	}
	if count[schema.Breaking] > 0 {
		return errFailed
	}
	return nil
}

// readSchema reads SDL or the JSON of an introspection.
func readSchema(file string) (*schema.Schema, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	var s *schema.Schema
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		s, err = schema.FromNode("", trimmed)
	} else {
		s, err = schema.Load(string(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

func readFile(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}

func printJSON(out output, v any) {
	text, _ := json.MarshalIndent(v, "", "  ")
	fmt.Fprintf(out, "%s\n", text)
}
