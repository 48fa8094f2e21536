package schema

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// A Source is a file with documents of a client.
type Source struct {
	Name string
	Text string
}

// An OperationReport is the result of checking one operation of a client.
type OperationReport struct {
	File       string  `json:"file"`
	Line       int     `json:"line"`
	Operation  string  `json:"operation"` // its name, or its kind if it is anonymous
	Errors     []Error `json:"errors,omitempty"`
	Deprecated []Usage `json:"deprecated,omitempty"` // deprecated parts that it uses
}

// Check validates all operations of a client and lists the deprecated parts that they
// use. An operation may spread fragments of other sources, as clients' compilers allow;
// the fragment of its own source takes precedence. An unreadable source counts as one
// operation with an error. Sources with a schema are skipped.
func (s *Schema) Check(sources []Source) []OperationReport {
	var reports []OperationReport
	c := &clientSources{fragments: make(map[string]int)}
	for _, source := range sources {
		doc, err := parser.ParseQuery(&ast.Source{Name: source.Name, Input: source.Text})
		if err != nil {
			if _, other := parser.ParseSchema(&ast.Source{Input: source.Text}); other == nil {
				continue // a copy of the schema for the client's compiler
			}
			reports = append(reports, OperationReport{File: source.Name, Errors: toErrors(gqlerror.List{gqlerror.WrapIfUnwrapped(err)})})
			continue
		}
		c.add(source, doc)
	}
	for i, doc := range c.documents {
		for j, o := range doc.Operations {
			report := OperationReport{File: c.sources[i].Name, Line: o.Position.Line, Operation: cmp.Or(o.Name, string(o.Operation))}
			report.Errors = s.validate(func() *ast.QueryDocument { return dropDefaults(c.assemble(i, j)) })
			doc := c.assemble(i, j)
			for _, use := range s.uses(doc, doc.Operations) {
				if use.Deprecated {
					report.Deprecated = append(report.Deprecated, use)
				}
			}
			reports = append(reports, report)
		}
	}
	slices.SortStableFunc(reports, func(a, b OperationReport) int { return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line) })
	return reports
}

// clientSources are the readable sources of one client.
type clientSources struct {
	sources   []Source
	documents []*ast.QueryDocument
	fragments map[string]int // index of the first source with the fragment
}

func (c *clientSources) add(source Source, doc *ast.QueryDocument) {
	for _, f := range doc.Fragments {
		if _, known := c.fragments[f.Name]; !known {
			c.fragments[f.Name] = len(c.sources)
		}
	}
	c.sources, c.documents = append(c.sources, source), append(c.documents, doc)
}

// assemble parses a new document from an operation of one source and the fragments that
// it spreads. Validation changes documents, so each needs its own.
func (c *clientSources) assemble(source, operation int) *ast.QueryDocument {
	fresh := make(map[int]*ast.QueryDocument)
	parsed := func(i int) *ast.QueryDocument {
		if fresh[i] == nil {
			fresh[i], _ = parser.ParseQuery(&ast.Source{Name: c.sources[i].Name, Input: c.sources[i].Text})
		}
		return fresh[i]
	}
	doc := &ast.QueryDocument{Operations: ast.OperationList{parsed(source).Operations[operation]}}
	spread := make(map[string]bool)
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				collect(s.SelectionSet)
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if spread[s.Name] {
					continue
				}
				spread[s.Name] = true
				f := parsed(source).Fragments.ForName(s.Name)
				if at, known := c.fragments[s.Name]; f == nil && known {
					f = parsed(at).Fragments.ForName(s.Name)
				}
				if f != nil {
					doc.Fragments = append(doc.Fragments, f)
					collect(f.SelectionSet)
				}
			}
		}
	}
	collect(doc.Operations[0].SelectionSet)
	return doc
}

// String returns the location and the name of the operation.
func (c OperationReport) String() string {
	if c.Operation == "" {
		return c.File
	}
	return fmt.Sprintf("%s:%d %s", c.File, c.Line, c.Operation)
}
