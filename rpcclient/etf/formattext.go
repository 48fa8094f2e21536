package etf

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendAtomText appends an atom in Elixir's notation: nil, Foo.Bar, :foo or :"foo
// bar".
func appendAtomText(dst []byte, name string) []byte {
	alias, isAlias := strings.CutPrefix(name, "Elixir.")
	switch {
	case name == "nil" || name == "true" || name == "false":
		return append(dst, name...)
	case isAlias && aliasText(alias):
		return append(dst, alias...)
	case identifierText(name):
		return append(dst, ":"+name...)
	}
	return strconv.AppendQuote(append(dst, ':'), name)
}

// identifierText reports whether an atom needs no quotes.
func identifierText(name string) bool {
	for i, r := range name {
		end := i == len(name)-1 && (r == '?' || r == '!')
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && r != '@' && !end) {
			return false
		}
		if i == 0 && unicode.IsUpper(r) {
			return false
		}
	}
	return name != "" && len(name) <= maxFormatSize
}

// aliasText reports whether a module can be written as an alias.
func aliasText(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || part[0] < 'A' || part[0] > 'Z' || strings.ContainsFunc(part, notWord) {
			return false
		}
	}
	return len(name) <= maxFormatSize
}

func notWord(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// appendBinaryText appends a binary as a string if it is readable, otherwise as
// numbers.
func appendBinaryText(dst, s []byte) []byte {
	if text := cutText(s, maxFormatSize); utf8.Valid(text) && readable(string(text)) {
		return strconv.AppendQuote(dst, string(text))
	}
	dst = append(dst, "<<"...)
	dst = appendNumbers(dst, s)
	return append(dst, ">>"...)
}

// appendCharlistText appends a list of small integers as a charlist if it is readable,
// otherwise as numbers.
func appendCharlistText(dst, s []byte) []byte {
	ascii := !slices.ContainsFunc(s, func(c byte) bool { return c >= utf8.RuneSelf })
	if ascii && readable(string(s)) {
		return strconv.AppendQuote(append(dst, "~c"...), string(s))
	}
	dst = append(dst, '[')
	dst = appendNumbers(dst, s)
	return append(dst, ']')
}

func readable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) && !strings.ContainsRune("\a\b\t\n\v\f\r", r)
	})
}

// appendNumbers appends the first bytes as numbers.
func appendNumbers(dst, s []byte) []byte {
	for i, c := range s[:min(len(s), maxFormatSize)] {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendUint(dst, uint64(c), 10)
	}
	return dst
}

// cutText returns the first n bytes of s, without a partial character.
func cutText(s []byte, n int) []byte {
	if len(s) <= n {
		return s
	}
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:n]
}
