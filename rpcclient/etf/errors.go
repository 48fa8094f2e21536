package etf

import "fmt"

// An Error reports bytes that are not a well-formed external term, or a term of
// another kind than the caller asked for.
type Error struct {
	Offset int    // bytes before the offending one, counted from the start of the term
	Reason string // what was found there, naming the tag
}

func (e *Error) Error() string {
	return fmt.Sprintf("etf: %s at offset %d", e.Reason, e.Offset)
}

// A JSONError reports a well-formed term that has no JSON form.
type JSONError struct {
	Path   string // where in the term, such as data.parts[3].owner; empty at the top
	Reason string // what is there, such as "a pid" or "unknown struct MyApp.User"
	// Struct is the name of that struct, MyApp.User, where it is one: the application may
	// have an encoder for it, and [Term.AppendJSONEncoded] asks for what that says.
	Struct string
}

func (e *JSONError) Error() string {
	if e.Path == "" {
		return "etf: no JSON form: " + e.Reason
	}
	return "etf: no JSON form at " + e.Path + ": " + e.Reason
}

// A JSONSizeError reports a term whose JSON form is longer than the caller of
// [Term.AppendJSONWithin] takes.
type JSONSizeError struct {
	Max int // bytes
}

func (e *JSONSizeError) Error() string {
	return fmt.Sprintf("etf: JSON form of more than %d bytes", e.Max)
}

// A SyntaxError reports a text that is not JSON as RFC 8259 defines it, or
// that is past one of the limits of [AppendJSONTerm].
type SyntaxError struct {
	Offset int    // bytes of the text before the offending one
	Reason string // what was found there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("etf: invalid JSON at offset %d: %s", e.Offset, e.Reason)
}
