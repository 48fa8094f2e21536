// Package strictjson reads untrusted JSON, such as requests and tokens, without ambiguity. It
// refuses invalid UTF-8 and lone surrogates, which encoding/json replaces. Of a repeated
// member the first one counts, as in Jason and etf.AppendJSONTerm.
//
// It decodes names, and strings on demand; other values stay JSON.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrEncoding reports text that is not UTF-8.
var ErrEncoding = errors.New("it is not UTF-8")

// Check returns an error unless text is a single JSON value. Its errors quote at most one
// character of the text.
func Check(text []byte) error {
	if !utf8.Valid(text) {
		return ErrEncoding
	}
	if !json.Valid(text) {
		return syntaxError(text)
	}
	if at := loneSurrogate(text); at >= 0 {
		return fmt.Errorf("half of a surrogate pair at byte %d", at)
	}
	return nil
}

func syntaxError(text []byte) error {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w at byte %d", syntax, syntax.Offset)
	}
	return err
}

// loneSurrogate returns the position of an escaped surrogate without its other half in valid
// JSON; -1: there is none. Every backslash in valid JSON begins an escape.
func loneSurrogate(text []byte) int {
	for i := 0; ; {
		next := bytes.IndexByte(text[i:], '\\')
		if next < 0 {
			return -1
		}
		i += next
		r, escaped := escapedRune(text[i:])
		switch {
		case !escaped:
			i += len(`\n`)
			continue
		case utf16.IsSurrogate(r):
			low, _ := escapedRune(text[i+len(`\u0000`):])
			if utf16.DecodeRune(r, low) == utf8.RuneError {
				return i
			}
			i += len(`\u0000`)
		}
		i += len(`\u0000`)
	}
}

// escapedRune reads an escape such as \u00e9 at the start of a text.
func escapedRune(text []byte) (r rune, found bool) {
	if len(text) < len(`\u0000`) || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}
