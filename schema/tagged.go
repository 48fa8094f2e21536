package schema

import (
	"regexp"
	"strings"
)

// tagged finds where a document begins in JavaScript or TypeScript: gql`…`,
// graphql`…`, also called with options or types, and the comment that editors know.
var tagged = regexp.MustCompile("(?:\\b(?:gql|graphql)(?:<[^`(]*>)?\\(?\\s*|/\\*\\s*GraphQL\\s*\\*/\\s*)`")

// interpolation is a fragment that a template literal takes from a variable: its
// spread is among the definitions, and names what is found in other sources.
var interpolation = regexp.MustCompile(`\$\{[^{}]*\}`)

// FromScript returns the documents in a file of JavaScript or TypeScript, one source
// each. Lines and columns stay those of the file.
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

// templateLength is the length of a template literal up to its closing quote.
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
