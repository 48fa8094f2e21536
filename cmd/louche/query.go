package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/rpcclient"
)

type queryCommand struct {
	config.Flags
	Document  string        `arg:"" help:"The document, a file with it (.graphql or .gql), or - for standard input."`
	Path      string        `placeholder:"PATH" help:"Path of the application (default: that of the first one)."`
	Context   string        `placeholder:"YAML" help:"Context of resolvers, such as '{current_user_id: 42}'. Keys become atoms, and strings binaries."`
	Variables string        `placeholder:"JSON" help:"Variables, such as '{\"id\": 7}'."`
	Operation string        `placeholder:"NAME" help:"Name of the operation, if the document has several."`
	Timeout   time.Duration `default:"30s" help:"Timeout of the operation."`
}

func (q *queryCommand) Help() string {
	return "It needs no gateway: it connects to a node itself, and runs the operation there with the given context, without auth, context_from and limits of the configuration."
}

// Run prints the response. It fails if the response has errors.
func (q *queryCommand) Run(ctx context.Context, out output) error {
	cfg, err := q.Load()
	if err != nil {
		return err
	}
	app := cfg.App(cmp.Or(q.Path, cfg.Apps[0].Path))
	if app == nil {
		return fmt.Errorf("no application has the path %s", q.Path)
	}
	op, err := q.operation(app)
	if err != nil {
		return err
	}
	prober, err := service.NewProber(cfg, "query")
	if err != nil {
		return err
	}
	defer prober.Close()
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	response, err := prober.Ask(ctx, app, op)
	if err != nil {
		return err
	}
	return printResponse(out, response)
}

func (q *queryCommand) operation(app *config.App) (op rpcclient.Operation, err error) {
	document := []byte(q.Document)
	if q.Document == "-" || slices.Contains([]string{".graphql", ".gql"}, filepath.Ext(q.Document)) {
		if document, err = readFile(q.Document); err != nil {
			return op, err
		}
	}
	op = rpcclient.Operation{Document: string(document), Name: q.Operation, Variables: []byte(q.Variables)}
	op.Context, err = q.encodeContext(app)
	return op, err
}

// encodeContext returns the context of resolvers: the given constants, and the pubsub of the
// application.
func (q *queryCommand) encodeContext(app *config.App) ([]byte, error) {
	var values map[string]any
	if err := yaml.Unmarshal([]byte(q.Context), &values); err != nil {
		return nil, errors.New("--context is a YAML map, such as '{current_user_id: 42}'")
	}
	given := *app
	given.Context = make(auth.ContextConfig)
	for key, value := range values {
		given.Context[key] = auth.ContextField{Value: &value}
	}
	built, err := auth.NewContext(given.ResolverContext(), nil)
	if err != nil {
		return nil, fmt.Errorf("--context: %w", err)
	}
	encoded, _, err := built.Append(nil, new(auth.Request), nil)
	return encoded, err
}

// printResponse prints indented JSON.
func printResponse(out output, response []byte) error {
	var indented bytes.Buffer
	if err := json.Indent(&indented, response, "", "  "); err != nil {
		return err
	}
	fmt.Fprintln(out, &indented)
	var members struct{ Errors json.RawMessage }
	if err := json.Unmarshal(response, &members); err != nil || members.Errors != nil {
		return errFailed
	}
	return nil
}
