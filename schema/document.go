package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// MaxTokens is the most tokens of a document that is read. They bound the time that
// it takes and the memory it needs meanwhile.
const MaxTokens = 16384

// Operations and the sum of their names' bytes bound what is kept, and so do the
// bytes that are kept of a parser's message.
const (
	maxOperations = 32
	maxNames      = 1024
	maxProblem    = 200
)

// A Document is what is known of a document. It does not refer to its text.
type Document struct {
	// Tokens is how many tokens it has: punctuators, names and values, but not
	// comments. It is MaxTokens+1 for any greater number. Where Problem is not
	// empty, there may be more.
	Tokens int
	// Problem is why it could not be read, or is in doubt; empty where all is well.
	Problem string

	operations []operation // in the document's order
	deciding   []string    // variables that the orders depend on
	size       int         // in memory, about
}

type operation struct {
	name     string // "" when anonymous
	kind     Kind
	orders   []*etf.Order // by the values of the deciding variables; nil in place of one that is not known
	defaults int          // the index of the one that the variables' defaults decide for
	measures Measures
}

// parse reads a document.
func parse(document string) *Document {
	d := &Document{Tokens: countTokens(document)}
	d.read(document)
	d.size += 256 + len(d.Problem)
	for _, o := range d.operations {
		d.size += 96 + len(o.name)
	}
	return d
}

func (d *Document) read(document string) {
	if ambiguous(document) {
		d.Problem = "four quotation marks in a row are read in more than one way"
		return
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, MaxTokens)
	if err != nil {
		d.Problem = problem(err)
		return
	}
	names := 0
	for _, o := range parsed.Operations {
		names += len(o.Name)
	}
	if len(parsed.Operations) > maxOperations || names > maxNames {
		d.Problem = fmt.Sprintf("it has more than %d operations, or names of more than %d bytes", maxOperations, maxNames)
		return
	}
	orders, measured := newOrders(parsed), newMeasuring(parsed)
	answers, deciding := orders.ofAnswers(parsed.Operations)
	d.operations, d.deciding = make([]operation, len(parsed.Operations)), deciding
	for i, o := range parsed.Operations {
		d.operations[i] = operation{
			name:     strings.Clone(o.Name),
			kind:     kindOf(o.Operation),
			orders:   answers[i],
			defaults: defaults(o, deciding),
			measures: measured.operation(o),
		}
	}
	d.size += orders.size
}

// problem is what the parser says, and where.
func problem(err error) string {
	text := err.Error()
	var e *gqlerror.Error
	if errors.As(err, &e) {
		text = e.Message
	}
	if len(text) > maxProblem {
		text = text[:maxProblem]
	}
	text = strings.ToValidUTF8(text, "")
	if e != nil && len(e.Locations) > 0 {
		return fmt.Sprintf("%s at line %d, column %d", text, e.Locations[0].Line, e.Locations[0].Column)
	}
	return strings.Clone(text)
}

// countTokens counts up to one more than MaxTokens, and no further than a token
// that is none.
func countTokens(document string) int {
	tokens := lexer.New(&ast.Source{Input: document})
	for n := 0; n <= MaxTokens; {
		switch token, err := tokens.ReadToken(); {
		case err != nil || token.Kind == lexer.EOF:
			return n
		case token.Kind != lexer.Comment:
			n++
		}
	}
	return MaxTokens + 1
}

// ambiguous reports whether the parser and Absinthe may see different tokens.
//
// They agree on what separates tokens, and where a comment and a string end. Where
// Absinthe takes more than the parser, the parser's error is reason enough for
// doubt. But three quotes end a block string in Absinthe wherever they stand; the
// parser, of a longer run, takes the last three. What follows such a run is code to
// the one and a string to the other.
func ambiguous(document string) bool {
	return strings.Contains(document, `""""`)
}

// Kind is the kind of the operation that Absinthe would run, given the name of an
// operation. An absent name and "" are the same: then a document's only operation
// is meant.
//
// It is [Unknown] when no operation or more than one has the name; when there is no
// name and several operations, unless all are queries; and when the document is in
// doubt.
func (d *Document) Kind(operationName string) Kind {
	if o := d.operation(operationName); o != nil {
		return o.kind
	}
	if operationName == "" {
		return d.common()
	}
	return Unknown
}

// Name is the name of the operation that Absinthe would run, given the name that a
// request asks for. It is empty where it has none, or where none was asked for and
// it is not known which is meant.
func (d *Document) Name(operationName string) string {
	if o := d.operation(operationName); operationName == "" && o != nil {
		return o.name
	}
	return operationName
}

// operation is the one that Absinthe would run, nil when it would run none.
func (d *Document) operation(name string) *operation {
	var found *operation
	for i := range d.operations {
		o := &d.operations[i]
		if name != "" && o.name != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = o
	}
	return found
}

// common is [Query] when all operations are. Without a name Absinthe refuses
// several; it could at worst run a query.
func (d *Document) common() Kind {
	for _, o := range d.operations {
		if o.kind != Query {
			return Unknown
		}
	}
	if len(d.operations) == 0 {
		return Unknown
	}
	return Query
}
