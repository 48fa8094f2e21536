package schema

import "strings"

// Absinthe looks for fields, arguments, directives and the fields of input objects
// by their names in Elixir, to which an adapter turns a name in a document. Types,
// values of enums, variables, fragments and operations have no such name: they have to
// be written as they are. testdata/contract/names.jsonl has what Absinthe did with
// names in other forms, by role.
//
// [internalName] is the name in Elixir by Absinthe's own adapter. [laxName] is for
// answers that have to be safe with any adapter.

// internalName returns what Absinthe's adapter LanguageConventions makes of a name:
// Macro.underscore/1 of it, or of what follows a leading "__". manyErrors, ManyErrors
// and MANY_ERRORS become many_errors; __Schema and _Schema become __schema.
func internalName(name string) string {
	if !strings.ContainsFunc(name, isUpper) {
		return name
	}
	word, prefixed := strings.CutPrefix(name, "__")
	b := make([]byte, 0, len(name)+8)
	if prefixed {
		b = append(b, "__"...)
	}
	for i := range len(word) {
		if i > 0 && beginsWord(word, i) {
			b = append(b, '_')
		}
		b = append(b, word[i])
	}
	return strings.ToLower(string(b))
}

// beginsWord reports whether Macro.underscore/1 puts an underscore before the letter
// at i: a capital before a small letter, or after a small letter or a digit.
func beginsWord(name string, i int) bool {
	if !isUpper(rune(name[i])) {
		return false
	}
	before := name[i-1]
	return i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' || !isUpper(rune(before)) && before != '_'
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

// laxName returns the same text for all names that some adapter may take for one. An
// application may have an adapter of its own; all adapters of Absinthe keep the
// letters and digits of a name, and what tells the built-in names from others.
func laxName(name string) string {
	name = internalName(name)
	word, builtIn := strings.CutPrefix(name, "__")
	word = strings.ReplaceAll(word, "_", "")
	if builtIn {
		return "__" + word
	}
	return word
}

// isIntrospection reports whether a field may be one that asks for the schema.
func isIntrospection(field string) bool {
	name := laxName(field)
	return name == "__schema" || name == "__type"
}
