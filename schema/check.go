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

// An OperationReport is an operation of a client, held against a schema.
type OperationReport struct {
	File       string  `json:"file"`
	Line       int     `json:"line"`
	Operation  string  `json:"operation"` // its name; a kind where it has none
	Errors     []Error `json:"errors,omitempty"`
	Deprecated []Usage `json:"deprecated,omitempty"` // what it uses of that
}

// Check holds all operations of a client against the schema, and says what will be
// refused and what uses parts that are deprecated. An operation may spread fragments
// of other sources, as clients' compilers allow; of fragments with the same name its
// own source's counts. A source that cannot be read counts as one operation with an
// error, one with a schema as none.
func (s *Schema) Check(sources []Source) []OperationReport {
	var checked []OperationReport
	c := &clients{fragments: make(map[string]int)}
	for _, source := range sources {
		doc, err := parser.ParseQuery(&ast.Source{Name: source.Name, Input: source.Text})
		if err != nil {
			if _, other := parser.ParseSchema(&ast.Source{Input: source.Text}); other == nil {
				continue // a copy of the schema, for the client's compiler
			}
			checked = append(checked, OperationReport{File: source.Name, Errors: errorsOf(gqlerror.List{gqlerror.WrapIfUnwrapped(err)})})
			continue
		}
		c.add(source, doc)
	}
	for i, doc := range c.documents {
		for j, o := range doc.Operations {
			one := OperationReport{File: c.sources[i].Name, Line: o.Position.Line, Operation: cmp.Or(o.Name, string(o.Operation))}
			one.Errors = s.validate(func() *ast.QueryDocument { return prepare(c.assemble(i, j)) })
			whole := c.assemble(i, j)
			for _, use := range s.uses(whole, whole.Operations) {
				if use.Deprecated {
					one.Deprecated = append(one.Deprecated, use)
				}
			}
			checked = append(checked, one)
		}
	}
	slices.SortStableFunc(checked, func(a, b OperationReport) int { return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line) })
	return checked
}

// clients are the sources of one client that can be parsed.
type clients struct {
	sources   []Source
	documents []*ast.QueryDocument
	fragments map[string]int // which source has the fragment, the first one
}

func (c *clients) add(source Source, doc *ast.QueryDocument) {
	for _, f := range doc.Fragments {
		if _, known := c.fragments[f.Name]; !known {
			c.fragments[f.Name] = len(c.sources)
		}
	}
	c.sources, c.documents = append(c.sources, source), append(c.documents, doc)
}

// assemble makes a document, which is its own, of an operation of one source and
// the fragments that it needs.
func (c *clients) assemble(source, operation int) *ast.QueryDocument {
	fresh := make(map[int]*ast.QueryDocument)
	parsed := func(i int) *ast.QueryDocument {
		if fresh[i] == nil {
			fresh[i], _ = parser.ParseQuery(&ast.Source{Name: c.sources[i].Name, Input: c.sources[i].Text})
		}
		return fresh[i]
	}
	whole := &ast.QueryDocument{Operations: ast.OperationList{parsed(source).Operations[operation]}}
	met := make(map[string]bool)
	var need func(ast.SelectionSet)
	need = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				need(s.SelectionSet)
			case *ast.InlineFragment:
				need(s.SelectionSet)
			case *ast.FragmentSpread:
				if met[s.Name] {
					continue
				}
				met[s.Name] = true
				f := parsed(source).Fragments.ForName(s.Name)
				if at, known := c.fragments[s.Name]; f == nil && known {
					f = parsed(at).Fragments.ForName(s.Name)
				}
				if f != nil {
					whole.Fragments = append(whole.Fragments, f)
					need(f.SelectionSet)
				}
			}
		}
	}
	need(whole.Operations[0].SelectionSet)
	return whole
}

// String is where an operation is and what it is called.
func (c OperationReport) String() string {
	if c.Operation == "" {
		return c.File
	}
	return fmt.Sprintf("%s:%d %s", c.File, c.Line, c.Operation)
}
