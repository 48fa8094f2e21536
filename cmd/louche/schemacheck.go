package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/louche-graphql/louche/schema"
)

type checkSchemaCommand struct {
	Operations []string `required:"" placeholder:"DIR" help:"Folders or files with the operations of clients: .graphql and .gql, and templates tagged gql or graphql in .js, .jsx, .ts, .tsx, .mjs and .vue."`
	Schema     string   `required:"" placeholder:"FILE" help:"File with the schema, in SDL or as introspection JSON, or - for standard input."`
	Deprecated bool     `name:"fail-on-deprecated" help:"Fail also if an operation uses a deprecated part of the schema."`
	JSON       bool     `name:"json" help:"Print JSON."`
}

// Run fails if an operation is invalid, or if there is none.
func (c *checkSchemaCommand) Run(out output) error {
	s, err := readSchema(c.Schema)
	if err != nil {
		return err
	}
	var sources []schema.Source
	for _, dir := range c.Operations {
		found, err := readOperations(dir)
		if err != nil {
			return err
		}
		sources = append(sources, found...)
	}
	checked := s.Check(sources)
	refused, deprecated := 0, 0
	for _, o := range checked {
		if len(o.Errors) > 0 {
			refused++
		}
		if len(o.Deprecated) > 0 {
			deprecated++
		}
	}
	if c.JSON {
		printJSON(out, struct {
			Refused    int                      `json:"refused"`
			Deprecated int                      `json:"deprecated"`
			Operations []schema.OperationReport `json:"operations"`
		}{refused, deprecated, append([]schema.OperationReport{}, checked...)})
	} else {
		for _, o := range checked {
			showChecked(out, o)
		}
		fmt.Fprintf(out, "%d operations: %d will be refused, %d use what is deprecated\n", len(checked), refused, deprecated)
	}
	switch {
	case len(checked) == 0:
		return fmt.Errorf("there is no operation in %q", c.Operations)
	case refused > 0 || c.Deprecated && deprecated > 0:
		return errFailed
	}
	return nil
}

func showChecked(out output, o schema.OperationReport) {
	if len(o.Errors)+len(o.Deprecated) == 0 {
		return
	}
	fmt.Fprintln(out, o)
	for _, e := range o.Errors {
		fmt.Fprintf(out, "  refused     %s\n", e)
	}
	for _, use := range o.Deprecated {
		fmt.Fprintf(out, "  deprecated  %s", use.Path)
		if use.Reason != "" {
			fmt.Fprintf(out, ": %s", use.Reason)
		}
		fmt.Fprintln(out)
	}
}

var scripts = []string{".js", ".jsx", ".ts", ".tsx", ".mjs", ".vue"}

// readOperations reads a file, or the files of a folder. It skips node_modules and hidden
// folders.
func readOperations(root string) (sources []schema.Source, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "node_modules" || d.Name()[0] == '.'):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		document, script := slices.Contains([]string{".graphql", ".gql"}, filepath.Ext(path)), slices.Contains(scripts, filepath.Ext(path))
		if !document && !script {
			return nil
		}
		text, err := os.ReadFile(path) // #nosec G122 -- the caller chooses the files
		if err != nil {
			return err
		}
		if script {
			sources = append(sources, schema.FromScript(path, string(text))...)
		} else {
			sources = append(sources, schema.Source{Name: path, Text: string(text)})
		}
		return nil
	})
	return sources, err
}
