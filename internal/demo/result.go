package demo

import (
	"cmp"
	"errors"
	"slices"

	"github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// appendResult appends {ok, #{data => ..., errors => ...}} in the form of Absinthe,
// which omits keys without a value.
func appendResult(b []byte, r *graphql.Response, document, operation string) ([]byte, error) {
	// An error without a path concerns the document, which then did not run.
	ran := !slices.ContainsFunc(r.Errors, func(e *gqlerrors.QueryError) bool { return e.Path == nil })
	if ran {
		locateErrors(r.Errors, document, operation)
	}

	b = etf.AppendTuple(b, 2)
	b = etf.AppendAtom(b, "ok")
	b = etf.AppendMap(b, countTrue(ran, len(r.Errors) > 0))
	if ran {
		b = etf.AppendAtom(b, "data")
		var err error
		if b, err = etf.AppendJSONTerm(b, r.Data); err != nil {
			return nil, err
		}
	}
	if len(r.Errors) > 0 {
		b = etf.AppendAtom(b, "errors")
		b = etf.AppendList(b, len(r.Errors))
		for _, e := range r.Errors {
			b = appendError(b, e)
		}
		b = etf.AppendNil(b)
	}
	return b, nil
}

// locateErrors sets the locations of errors, which graphql-go does not report. It
// sorts the errors in the order of the document and of the lists in the result,
// because fields run concurrently and fail in any order.
func locateErrors(errs []*gqlerrors.QueryError, document, operation string) {
	if len(errs) == 0 {
		return
	}
	l := newLocator(document, operation)
	for _, e := range errs {
		e.Locations = l.locate(e.Path)
	}
	slices.SortFunc(errs, func(a, b *gqlerrors.QueryError) int {
		return cmp.Or(
			slices.CompareFunc(a.Locations, b.Locations, func(a, b gqlerrors.Location) int {
				return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
			}),
			slices.Compare(indexes(a.Path), indexes(b.Path)))
	})
}

func indexes(path []any) []int {
	var is []int
	for _, segment := range path {
		if i, ok := segment.(int); ok {
			is = append(is, i)
		}
	}
	return is
}

// appendError appends an error in the form of Absinthe. The other members of a
// resolver's error are members of the error itself, not of extensions.
func appendError(b []byte, e *gqlerrors.QueryError) []byte {
	failure, _ := errors.AsType[*fieldError](e.ResolverError)
	b = etf.AppendMap(b, 1+countTrue(failure != nil, e.Path != nil, e.Locations != nil))
	b = etf.AppendAtom(b, "message")
	b = etf.AppendBinary(b, e.Message)
	if failure != nil {
		b = etf.AppendAtom(b, "code")
		b = etf.AppendAtom(b, failure.code)
	}
	if e.Path != nil {
		b = etf.AppendAtom(b, "path")
		b = etf.AppendList(b, len(e.Path))
		for _, segment := range e.Path {
			switch segment := segment.(type) {
			case int:
				b = etf.AppendInt(b, int64(segment))
			case string:
				b = etf.AppendBinary(b, segment)
			}
		}
		b = etf.AppendNil(b)
	}
	if e.Locations != nil {
		b = etf.AppendAtom(b, "locations")
		b = etf.AppendList(b, len(e.Locations))
		for _, l := range e.Locations {
			b = etf.AppendMap(b, 2)
			b = etf.AppendAtom(b, "line")
			b = etf.AppendInt(b, int64(l.Line))
			b = etf.AppendAtom(b, "column")
			b = etf.AppendInt(b, int64(l.Column))
		}
		b = etf.AppendNil(b)
	}
	return b
}

// countTrue returns the number of conditions that are true.
func countTrue(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}
