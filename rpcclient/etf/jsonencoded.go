package etf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A StructEncoder returns the JSON of structs of which only the application knows it, by
// an encoder of its own.
type StructEncoder func(structs []Term) (texts [][]byte, err error)

// AppendJSONEncoded is [Term.AppendJSONOrdered] for a term with such structs. encode is
// called once for all of them, if there are any; they are refused if it is nil. Its error
// is returned as it is. A text that is not JSON is an error, and so is any other number
// of texts.
func (t Term) AppendJSONEncoded(ctx context.Context, dst []byte, o *Order, max int, encode StructEncoder) ([]byte, error) {
	out, err := t.AppendJSONOrdered(ctx, dst, o, max)
	var unknown *JSONError
	if encode == nil || !errors.As(err, &unknown) || unknown.Struct == "" {
		return out, err
	}
	found := new(unknownStructs)
	if _, err := t.appendJSON(ctx, dst, max, found); err != nil {
		return dst, err
	}
	structs := make([]Term, len(found.spans))
	for i, s := range found.spans {
		structs[i] = Term{Bytes: t.Bytes[s.start:s.end:s.end], Atoms: t.Atoms}
	}
	texts, err := encode(structs)
	if err != nil {
		return dst, err
	}
	if len(texts) != len(structs) {
		return dst, fmt.Errorf("etf: %d texts for %d structs", len(texts), len(structs))
	}
	found.texts = make(map[int][]byte, len(texts))
	for i, text := range texts {
		if !json.Valid(text) || !utf8.Valid(text) {
			return dst, fmt.Errorf("etf: what a struct was encoded to is not JSON: %.100q", text)
		}
		found.texts[found.spans[i].start] = text
	}
	return t.appendJSONOrdered(ctx, dst, o, max, found)
}

// unknownStructs are found in a term, and then have a text each.
type unknownStructs struct {
	spans []span
	texts map[int][]byte // by where they start; nil while they are being found
}

// A span is where a struct is in a term.
type span struct{ start, end int }

// unknownStruct appends a struct that has no JSON form of its own.
func (e *jsonEncoder) unknownStruct(dst []byte, s *structTerm, at span) ([]byte, bool) {
	switch {
	case e.encoded == nil:
		name := e.unknownName(s)
		e.failure = failure{reason: "unknown struct " + name, unknown: name}
		return dst, false
	case e.encoded.texts == nil:
		e.encoded.spans = append(e.encoded.spans, at)
		return append(dst, "null"...), true
	}
	text := e.encoded.texts[at.start]
	if len(text) > e.max-len(dst) {
		return dst, e.tooLong()
	}
	return append(dst, text...), true
}

// forget takes back those that were found in a map which is a struct itself.
func (s *unknownStructs) forget(outer span) {
	for s != nil && len(s.spans) > 0 && s.spans[len(s.spans)-1].start > outer.start {
		s.spans = s.spans[:len(s.spans)-1]
	}
}
