package absinthe

import (
	"errors"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// The client of a mutation learns that it ran and must not be sent again. A query may be.
func TestResultsWithoutMemory(t *testing.T) {
	u := new(Upstream)
	for _, cause := range []error{&erldist.NoMemoryError{Node: "n"}, &erldist.TooLargeError{Node: "n", Max: 1, Total: true}} {
		for _, idempotent := range []bool{true, false} {
			var e *operation.Error
			if !errors.As(u.errorOf(cause, idempotent), &e) || e.Class != operation.Unavailable || e.Code != "OVERLOADED" || (e.RetryAfter > 0) != idempotent || !strings.Contains(e.Message, "was run") {
				t.Errorf("%v, idempotent %v: %+v", cause, idempotent, e)
			}
		}
	}
	var e *operation.Error
	if !errors.As(u.errorOf(&erldist.TooLargeError{Node: "n", Max: 1}, false), &e) || e.Code != "ANSWER_TOO_LARGE" {
		t.Errorf("a result past limits.answer: %+v", e)
	}
}
