package absinthe

import (
	"context"
	"errors"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient"
)

func TestContextErrors(t *testing.T) {
	refused := &rpcclient.ContextError{Node: "app@host", Reason: `"locked"`}
	forbidden := &rpcclient.ContextError{Node: "app@host", Reason: ":forbidden", Forbidden: true}
	for _, test := range []struct {
		err    error
		expose bool
		class  operation.Class
	}{
		{refused, false, operation.Unauthenticated},
		{refused, true, operation.Unauthenticated},
		{forbidden, false, operation.Forbidden},
		{forbidden, true, operation.Forbidden},
	} {
		u := NewUpstream(new(rpcclient.Absinthe), test.expose)
		var e *operation.Error
		if !errors.As(u.errorOf(test.err, true), &e) || e.Class != test.class || e.Cause == nil || (e.Message == test.err.Error()) != test.expose {
			t.Errorf("%v, exposed %v: %+v", test.err, test.expose, e)
		}
	}
}

// The engine knows the causes of contexts, and an error of unknown kind: they stay.
func TestErrorsThatStay(t *testing.T) {
	u := NewUpstream(new(rpcclient.Absinthe), false)
	for _, err := range []error{context.Canceled, rpcclient.ErrAppTimeout, errors.New("of unknown kind")} {
		if got := u.errorOf(err, false); got != err {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
