package demo

import (
	"cmp"
	"errors"
	"slices"

	"github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// resultOf returns {ok, #{data => ..., errors => ...}} in the form of Absinthe, which
// omits keys without a value.
func resultOf(r *graphql.Response, document, operation string) (tuple, error) {
	var result object
	// An error without a path concerns the document, which then did not run.
	if !slices.ContainsFunc(r.Errors, func(e *gqlerrors.QueryError) bool { return e.Path == nil }) {
		locateErrors(r.Errors, document, operation)
		data, err := etf.AppendJSONTerm(nil, r.Data)
		if err != nil {
			return nil, err
		}
		result = append(result, member{"data", encoded(data)})
	}
	if len(r.Errors) > 0 {
		var errs list
		for _, e := range r.Errors {
			errs = append(errs, errorOf(e))
		}
		result = append(result, member{"errors", errs})
	}
	return tuple{atom("ok"), result}, nil
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

// errorOf returns an error in the form of Absinthe. The other members of a resolver's
// error are members of the error itself, not of extensions.
func errorOf(e *gqlerrors.QueryError) object {
	o := object{{"message", e.Message}}
	if failure, ok := errors.AsType[*fieldError](e.ResolverError); ok {
		o = append(o, member{"code", atom(failure.code)})
	}
	if e.Path != nil {
		o = append(o, member{"path", e.Path})
	}
	if e.Locations != nil {
		var locations list
		for _, l := range e.Locations {
			locations = append(locations, object{{"line", l.Line}, {"column", l.Column}})
		}
		o = append(o, member{"locations", locations})
	}
	return o
}
