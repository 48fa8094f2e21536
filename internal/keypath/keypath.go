// Package keypath says which key of the configuration an error is about.
package keypath

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Path locates a value in the configuration, from the root or from the section that a
// package validates. Its elements are keys (string) and indexes into lists (int).
type Path []any

// String returns the path as the documentation writes it: apps[0].auth.methods[1].jwt.
func (p Path) String() string {
	var b strings.Builder
	for _, element := range p {
		if index, ok := element.(int); ok {
			fmt.Fprintf(&b, "[%d]", index)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, element)
	}
	return b.String()
}

// Join returns a path with more elements.
func (p Path) Join(elements ...any) Path { return slices.Concat(p, elements) }

// Within reports whether p is the path of section or of a value in it.
func (p Path) Within(section Path) bool {
	return len(p) >= len(section) && slices.Equal(p[:len(section)], section)
}

// An Error is a problem of the value at Path. Messages contain no value: it may be a
// secret at the wrong place.
type Error struct {
	Path Path
	Err  error
	// Values are the valid values, if the key has one of a few.
	Values []string
	// predicate: the text of Err continues the path, as in "timeout is negative".
	predicate bool
}

// Error returns the path and the problem.
func (e *Error) Error() string {
	switch {
	case len(e.Path) == 0:
		return e.Err.Error()
	case e.predicate:
		return e.Path.String() + " " + e.Err.Error()
	}
	return e.Path.String() + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error about a key. Its text is a predicate of which the key is the
// subject: Errorf("timeout", "is negative"). An empty key is the section itself.
func Errorf(key, format string, args ...any) error {
	e := &Error{Err: fmt.Errorf(format, args...), predicate: true}
	if key != "" {
		e.Path = Path{key}
	}
	return e
}

// NotNegative returns an Error about a key with a negative value. want is a valid value:
// "a time, such as 30s".
func NotNegative[N int | int64 | time.Duration](key string, value N, want string) error {
	if value >= 0 {
		return nil
	}
	return Errorf(key, "is negative; write %s", want)
}

// OneOf returns an Error about a key whose value is not one of values.
func OneOf(key, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	last := len(values) - 1
	return &Error{
		Path: Path{key}, Values: values, predicate: true,
		Err: fmt.Errorf("is not %s or %s", strings.Join(values[:last], ", "), values[last]),
	}
}

// In returns err as an Error in a section or of a key: it puts path in front of the path
// of err, and of every error that err joins. It returns nil for nil.
func In(err error, path ...any) error {
	var errs []error
	for _, err := range Split(err) {
		located := Error{Err: err}
		if e, ok := err.(*Error); ok {
			located = *e
		}
		located.Path = slices.Concat(path, located.Path)
		errs = append(errs, &located)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// Split returns the errors that err joins.
func Split(err error) (errs []error) {
	switch joined := err.(type) {
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		for _, err := range joined.Unwrap() {
			errs = append(errs, Split(err)...)
		}
		return errs
	}
	return []error{err}
}
