package response

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// Caches must not keep a refusal that depends on the credentials.
func TestRefusalsAreNotCached(t *testing.T) {
	for class, want := range map[operation.Class]string{
		operation.Unauthenticated: operation.NoStore,
		operation.Forbidden:       operation.NoStore,
		operation.NotFound:        "",
	} {
		w := httptest.NewRecorder()
		FromOperation(&operation.Error{Class: class}, 200).Write(w)
		if got := w.Header().Get("Cache-Control"); w.Code != statuses[class] || got != want {
			t.Errorf("class %d: %d, Cache-Control %q", class, w.Code, got)
		}
	}
}

// Retry-After is in whole seconds: a client does not come back too early.
func TestRetryAfterIsRoundedUp(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2"} {
		w := httptest.NewRecorder()
		FromOperation(&operation.Error{Class: operation.Unavailable, RetryAfter: after}, 200).Write(w)
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", after, got, want)
		}
	}
}

// The status of an operation that did not run depends on the media type of the answer.
func TestStatusOfUnexecuted(t *testing.T) {
	for _, status := range []int{200, 400} {
		if got := FromOperation(&operation.Error{Class: operation.Unexecuted}, status).Status; got != status {
			t.Errorf("%d, want %d", got, status)
		}
	}
}
