package schema

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// MaxTokens bounds the tokens of a readable document, and thereby the time and memory of
// parsing.
const MaxTokens = 16384

// MaxName bounds the names in a schema of Absinthe, in bytes: each is also an atom.
const MaxName = 255

// Bounds on what a document keeps.
const (
	maxOperations = 32
	maxNames      = 1024 // bytes of all operations' names together
	maxProblem    = 200  // bytes of the parser's message
)

// A Document is a GraphQL document: its text and everything that depends on the text
// alone. It does not change.
type Document struct {
	Text string
	Hash [sha256.Size]byte // of Text
	// Tokens is the number of punctuators, names and values, without comments. It is
	// MaxTokens+1 for any greater number. If Problem is set, there may be more.
	Tokens int
	// LongestName is the length of the longest name in bytes, if Tokens is at most
	// MaxTokens.
	LongestName int
	// Problem says why the document is unreadable or ambiguous; empty if it is neither.
	Problem string

	operations []Operation // in the document's order
	size       int         // in memory, approximately
}

// parse reads a document. The result has its own copy of the text, which may be a
// part of a larger buffer.
func parse(text string) *Document {
	text = strings.Clone(text)
	d := &Document{Text: text, Hash: sha256.Sum256([]byte(text))}
	d.Tokens, d.LongestName = countTokens(text)
	d.read()
	d.size += 256 + len(text) + len(d.Problem)
	for _, o := range d.operations {
		d.size += 160 + len(o.Name)
	}
	return d
}

func (d *Document) read() {
	if ambiguous(d.Text) {
		d.Problem = "four quotation marks in a row are read in more than one way"
		return
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: d.Text}, MaxTokens)
	if err != nil {
		d.Problem = describe(err)
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
	orders, measured := newOrderBuilder(parsed), newMeasurer(parsed)
	answers, deciding := orders.answers(parsed.Operations)
	d.operations = make([]Operation, len(parsed.Operations))
	for i, o := range parsed.Operations {
		d.operations[i] = Operation{
			Name:     o.Name,
			Kind:     Kind(o.Operation),
			Measures: measured.operation(o),
			orders:   answers[i],
			deciding: deciding,
			defaults: defaults(o, deciding),
		}
	}
	d.size += orders.size
}

// describe returns the message of a parser's error, and its location.
func describe(err error) string {
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

// countTokens counts at most MaxTokens+1 tokens, up to the first invalid one.
// longestName is the length of the longest name among these.
func countTokens(document string) (n, longestName int) {
	tokens := lexer.New(&ast.Source{Input: document})
	for n <= MaxTokens {
		token, err := tokens.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		if token.Kind != lexer.Comment {
			n++
		}
		if token.Kind == lexer.Name {
			longestName = max(longestName, len(token.Value))
		}
	}
	return n, longestName
}

// ambiguous reports whether the parser and Absinthe may read different tokens.
//
// They agree on what separates tokens, and on where comments and strings end. If the
// parser refuses what Absinthe accepts, the document is unreadable here. But the first
// three quotation marks of a longer run end a block string for Absinthe, and the last
// three for the parser: code to one is a string to the other.
func ambiguous(document string) bool {
	return strings.Contains(document, `""""`)
}
