package engine

import (
	"cmp"
	"slices"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/schema"
)

// DocumentLimits bound the documents that are sent to a node. Zero is no limit. Tokens
// count in the whole document; all else counts in the operation to be run, where a
// fragment counts wherever it is spread.
//
// Any limit but Bytes also refuses documents that the gateway cannot parse, since Absinthe
// might: those of more than [schema.MaxTokens] tokens, for example. It refuses names of more
// than [schema.MaxName] bytes too: Absinthe compares an unknown name with each name of the
// schema, in a time that grows faster than its length.
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
	// Introspection says which requests may select __schema and __type: all, if it is
	// empty or "allow"; none, if it is "refuse"; identified ones (see
	// [auth.Context.Append]), if it is "identified".
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

// OnlyIdentified reports whether only identified requests may read the schema.
func (l *DocumentLimits) OnlyIdentified() bool { return l.Introspection == identifiedIntrospection }

// measured reports whether a limit needs the measures of a document.
func (l *DocumentLimits) measured() bool {
	return l.Tokens > 0 || l.Fields > 0 || l.Depth > 0 || l.Aliases > 0 || l.RootFields > 0 || l.Directives > 0 || l.Introspection == refuseIntrospection || l.Introspection == identifiedIntrospection
}

// checkSize refuses a document that is too large to be parsed.
func (l *DocumentLimits) checkSize(text string) error {
	if l.Bytes > 0 && len(text) > l.Bytes {
		return operation.Refuse("DOCUMENT_TOO_LARGE", "The document has more than %d bytes.", l.Bytes)
	}
	return nil
}

// check refuses a document that exceeds a limit, or of which the operation does.
func (l *DocumentLimits) check(document *schema.Document, op *schema.Operation) error {
	if !l.measured() {
		return nil
	}
	tokens := cmp.Or(l.Tokens, schema.MaxTokens)
	if document.Tokens > tokens {
		return operation.Refuse("TOO_MANY_TOKENS", "The document has more than %d tokens.", tokens)
	}
	switch m := &op.Measures; {
	case document.Problem != "":
		return unreadableDocument(document)
	case document.LongestName > schema.MaxName:
		return operation.Refuse("NAME_TOO_LONG", "The document has a name of more than %d characters.", schema.MaxName)
	case past(l.Fields, m.Fields):
		return operation.Refuse("TOO_MANY_FIELDS", "The operation has more than %d fields.", l.Fields)
	case past(l.Depth, m.Depth):
		return operation.Refuse("TOO_DEEP", "The operation's fields are nested deeper than %d.", l.Depth)
	case past(l.Aliases, m.Aliases):
		return operation.Refuse("TOO_MANY_ALIASES", "The operation has more than %d aliases.", l.Aliases)
	case past(l.RootFields, m.RootFields):
		return operation.Refuse("TOO_MANY_ROOT_FIELDS", "The operation has more than %d fields at its root.", l.RootFields)
	case past(l.Directives, m.Directives):
		return operation.Refuse("TOO_MANY_DIRECTIVES", "The operation has more than %d directives.", l.Directives)
	case m.Introspection && l.Introspection == refuseIntrospection:
		return operation.Refuse("INTROSPECTION_DISABLED", "The schema cannot be asked for here.")
	}
	return nil
}

// permitIntrospection refuses introspection by unidentified requests. Whether a request is
// identified is known once its context is built, which is done within the limits alone.
func (l *DocumentLimits) permitIntrospection(op *schema.Operation, identified bool) error {
	if !identified && l.OnlyIdentified() && op.Measures.Introspection {
		return errIntrospectionForbidden
	}
	return nil
}

func unreadableDocument(document *schema.Document) error {
	return operation.Refuse("GRAPHQL_PARSE_FAILED", "The document cannot be read: %s.", document.Problem)
}

func past(limit, n int) bool { return limit > 0 && n > limit }
