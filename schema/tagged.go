package schema

import (
	"regexp"
	"strings"
)

// tagged matches the beginning of a document in JavaScript or TypeScript: gql`…`,
// graphql`…`, their calls with options or types, and /* GraphQL */ `…`.
var tagged = regexp.MustCompile("(?:\\b(?:gql|graphql)(?:<[^`(]*>)?\\(?\\s*|/\\*\\s*GraphQL\\s*\\*/\\s*)`")

// interpolation matches a fragment that is inserted from a variable. Its spread names the
// fragment, which another source defines.
var interpolation = regexp.MustCompile(`\$\{[^{}]*\}`)

// FromScript returns the documents in a JavaScript or TypeScript file, one source each.
// Their lines and columns are those of the file.
func FromScript(name, text string) (sources []Source) {
	for at := 0; ; {
		begin := tagged.FindStringIndex(text[at:])
		if begin == nil {
			return sources
		}
		start := at + begin[1]
		length := templateLength(text[start:])
		document := interpolation.ReplaceAllStringFunc(text[start:start+length], func(s string) string {
			return strings.Repeat(" ", len(s))
		})
		before := text[:start]
		line := strings.LastIndexByte(before, '\n') + 1
		sources = append(sources, Source{
			Name: name,
			Text: strings.Repeat("\n", strings.Count(before, "\n")) + strings.Repeat(" ", len(before)-line) + document,
		})
		at = start + length
	}
}

// templateLength returns the length of a template literal up to its closing backquote.
func templateLength(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '`':
			return i
		}
	}
	return len(text)
}
