package etf

import "fmt"

// An Error reports bytes that are not a well-formed term, or a term of another kind
// than the caller asked for.
type Error struct {
	Offset int    // bytes from the start of the term
	Reason string // what is there, with its tag
}

func (e *Error) Error() string {
	return fmt.Sprintf("etf: %s at offset %d", e.Reason, e.Offset)
}

// A JSONError reports a well-formed term that has no JSON form.
type JSONError struct {
	Path   string // of the term, such as data.parts[3].owner; empty at the top
	Reason string // what is there, such as "a pid" or "unknown struct MyApp.User"
	// Struct is the name of an unknown struct, MyApp.User, which the application may
	// be able to encode: see [Term.AppendJSONEncoded].
	Struct string
}

func (e *JSONError) Error() string {
	if e.Path == "" {
		return "etf: no JSON form: " + e.Reason
	}
	return "etf: no JSON form at " + e.Path + ": " + e.Reason
}

// A JSONSizeError reports a JSON text beyond the caller's maximum.
type JSONSizeError struct {
	Max int // bytes
}

func (e *JSONSizeError) Error() string {
	return fmt.Sprintf("etf: JSON form of more than %d bytes", e.Max)
}

// A SyntaxError reports a text that is not JSON as in RFC 8259, or exceeds a limit of
// [AppendJSONTerm].
type SyntaxError struct {
	Offset int    // bytes from the start of the text
	Reason string // what is there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("etf: invalid JSON at offset %d: %s", e.Offset, e.Reason)
}
