package etf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A StructEncoder returns the JSON of structs that only the application can encode.
type StructEncoder func(structs []Term) (texts [][]byte, err error)

// AppendJSONEncoded is [Term.AppendJSONOrdered] for a term with structs of the
// application. It calls encode once with all of them, if there are any, and returns
// its errors unchanged. Without encode, such a struct is a [*JSONError]. Texts that
// are not JSON and a wrong number of texts are errors.
func (t Term) AppendJSONEncoded(ctx context.Context, dst []byte, o *Order, max int, encode StructEncoder) ([]byte, error) {
	out, err := t.AppendJSONOrdered(ctx, dst, o, max)
	if unknown, ok := errors.AsType[*JSONError](err); encode == nil || !ok || unknown.Struct == "" {
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
			return dst, fmt.Errorf("etf: the encoded form of a struct is not JSON: %.100q", text)
		}
		found.texts[found.spans[i].start] = text
	}
	return t.appendJSONOrdered(ctx, dst, o, max, found)
}

// unknownStructs are the unknown structs of a term, and later their texts.
type unknownStructs struct {
	spans []span
	texts map[int][]byte // by start; nil while they are being found
}

// A span is the position of a struct in a term.
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

// forget removes those inside a map that is a struct itself.
func (s *unknownStructs) forget(outer span) {
	for s != nil && len(s.spans) > 0 && s.spans[len(s.spans)-1].start > outer.start {
		s.spans = s.spans[:len(s.spans)-1]
	}
}
