package schema

import "strings"

// Absinthe finds fields, arguments, directives and input fields by their names in Elixir,
// which an adapter makes of the names in a document. Types, enum values, variables,
// fragments and operations have to be spelled exactly. testdata/contract/names.jsonl
// records what Absinthe does with other spellings.
//
// [internalName] is the name in Elixir according to Absinthe's default adapter. [laxName]
// is safe with every adapter.

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

// beginsWord reports whether Macro.underscore/1 puts an underscore before the letter at
// i: a capital before a lower-case letter, or after a lower-case letter or a digit.
func beginsWord(name string, i int) bool {
	if !isUpper(rune(name[i])) {
		return false
	}
	before := name[i-1]
	return i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' || !isUpper(rune(before)) && before != '_'
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

// laxName returns the same text for all names that some adapter may identify. An
// application may have its own adapter. All of Absinthe's adapters keep letters, digits
// and the prefix of built-in names.
func laxName(name string) string {
	name = internalName(name)
	word, builtIn := strings.CutPrefix(name, "__")
	word = strings.ReplaceAll(word, "_", "")
	if builtIn {
		return "__" + word
	}
	return word
}

// isIntrospection reports whether a field may be __schema or __type.
func isIntrospection(field string) bool {
	name := laxName(field)
	return name == "__schema" || name == "__type"
}
