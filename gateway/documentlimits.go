package gateway

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/schema"
)

// DocumentLimits are what a document may have to be sent to a node at all. Zero is
// no limit. Tokens are counted in the document; all else in the operation that is
// to be run, where what a fragment has counts wherever it is spread.
//
// With any limit but Bytes, a document that this gateway cannot read is refused as
// well, since Absinthe might read it: of more than [schema.MaxTokens] tokens, for
// one. So is one with a name of more than [schema.MaxName] bytes: Absinthe compares an
// unknown name with each name of the schema, in a time that grows faster than its
// length.
type DocumentLimits struct {
	// Bytes is the largest document, in bytes.
	Bytes int `yaml:"bytes" env:"BYTES"`
	// Tokens is the most names, values and punctuators.
	Tokens int `yaml:"tokens" env:"TOKENS"`
	// Fields is the most fields.
	Fields int `yaml:"fields" env:"FIELDS"`
	// Depth is how deep fields may be nested. That of { a } is 1.
	Depth int `yaml:"depth" env:"DEPTH"`
	// Aliases is the most fields that have an alias.
	Aliases int `yaml:"aliases" env:"ALIASES"`
	// RootFields is the most fields of the operation itself.
	RootFields int `yaml:"root_fields" env:"ROOT_FIELDS"`
	// Directives is the most directives.
	Directives int `yaml:"directives" env:"DIRECTIVES"`
	// Introspection is who may ask for __schema and __type: everybody, if it is
	// empty or "allow", nobody, if it is "refuse", or those whose requests are
	// identified (see [auth.Context.Append]), if it is "identified".
	Introspection string `yaml:"introspection" env:"INTROSPECTION"`
}

// Values of [DocumentLimits.Introspection].
const (
	allowIntrospection      = "allow"
	refuseIntrospection     = "refuse"
	identifiedIntrospection = "identified"
)

// Validate says what is wrong, naming the key.
func (l *DocumentLimits) Validate() error {
	switch {
	case l.Bytes < 0 || l.Tokens < 0 || l.Fields < 0 || l.Depth < 0 || l.Aliases < 0 || l.RootFields < 0 || l.Directives < 0:
		return keypath.Errorf("", "are numbers, such as 15")
	case l.Tokens > schema.MaxTokens:
		return keypath.Errorf("tokens", "is at most %d", schema.MaxTokens)
	case !slices.Contains([]string{"", allowIntrospection, refuseIntrospection, identifiedIntrospection}, l.Introspection):
		return keypath.Errorf("introspection", "is not %s, %s or %s", allowIntrospection, refuseIntrospection, identifiedIntrospection)
	}
	return nil
}

// OnlyIdentified says whether the schema can be asked for only by requests that say
// who is asking.
func (l *DocumentLimits) OnlyIdentified() bool { return l.Introspection == identifiedIntrospection }

// measured says whether there is a limit for which a document has to be read.
func (l *DocumentLimits) measured() bool {
	return l.Tokens > 0 || l.Fields > 0 || l.Depth > 0 || l.Aliases > 0 || l.RootFields > 0 || l.Directives > 0 || l.Introspection == refuseIntrospection || l.Introspection == identifiedIntrospection
}

// read sets the document and the operation of a request. It refuses those that exceed
// a limit. Errors are of type *failure.
func (l *DocumentLimits) read(documents *schema.DocumentCache, req *request) error {
	if l.Bytes > 0 && len(req.query) > l.Bytes {
		return refused("DOCUMENT_TOO_LARGE", "The document has more than %d bytes.", l.Bytes)
	}
	document := documents.Get(req.query)
	req.document, req.operation = document, document.Operation(req.operationName)
	if !l.measured() {
		return nil
	}
	tokens := l.Tokens
	if tokens == 0 {
		tokens = schema.MaxTokens
	}
	if document.Tokens > tokens {
		return refused("TOO_MANY_TOKENS", "The document has more than %d tokens.", tokens)
	}
	switch m := &req.operation.Measures; {
	case document.Problem != "":
		return unreadableDocument(document)
	case document.LongestName > schema.MaxName:
		return refused("NAME_TOO_LONG", "The document has a name of more than %d characters.", schema.MaxName)
	case past(l.Fields, m.Fields):
		return refused("TOO_MANY_FIELDS", "The operation has more than %d fields.", l.Fields)
	case past(l.Depth, m.Depth):
		return refused("TOO_DEEP", "The operation's fields are nested deeper than %d.", l.Depth)
	case past(l.Aliases, m.Aliases):
		return refused("TOO_MANY_ALIASES", "The operation has more than %d aliases.", l.Aliases)
	case past(l.RootFields, m.RootFields):
		return refused("TOO_MANY_ROOT_FIELDS", "The operation has more than %d fields at its root.", l.RootFields)
	case past(l.Directives, m.Directives):
		return refused("TOO_MANY_DIRECTIVES", "The operation has more than %d directives.", l.Directives)
	case m.Introspection && l.Introspection == refuseIntrospection:
		return refused("INTROSPECTION_DISABLED", "The schema cannot be asked for here.")
	}
	return nil
}

// introspectionForbidden is 403, where "refuse" has 400: the document is in order, and
// somebody else gets an answer to it.
var introspectionForbidden = &failure{status: http.StatusForbidden, code: "INTROSPECTION_DISABLED", message: "Only authenticated requests may ask for the schema."}

// permits refuses introspection to those who may not ask for it. This is known only
// once the context has been built, which is not done for documents past a limit.
func (l *DocumentLimits) permits(op *schema.Operation, identified bool) error {
	if identified || l.Introspection != identifiedIntrospection {
		return nil
	}
	if op.Measures.Introspection {
		return introspectionForbidden
	}
	return nil
}

func unreadableDocument(document *schema.Document) *failure {
	return refused("GRAPHQL_PARSE_FAILED", "The document cannot be read: %s.", document.Problem)
}

func past(limit, n int) bool { return limit > 0 && n > limit }

func refused(code, format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}
