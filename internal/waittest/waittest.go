// Package waittest waits in tests for other goroutines and processes.
package waittest

import (
	"testing"
	"time"
)

// Limit ends a wait in vain, so that the test fails with its own message. It does not measure
// speed: a test that makes progress stays far below it on a slow machine. It is shorter than
// the timeout of go test.
const Limit = 5 * time.Minute

// Until polls condition until it is true, and returns how long that took. It is for states
// without an event, such as those of other processes.
func Until(t testing.TB, what string, condition func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for pause := 50 * time.Microsecond; !condition(); pause = min(2*pause, 5*time.Millisecond) {
		if time.Since(began) > Limit {
			t.Fatalf("not true after %v: %s", Limit, what)
		}
		time.Sleep(pause)
	}
	return time.Since(began)
}

// Receive returns the next value of c, or the zero value once c is closed.
func Receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case value := <-c:
		return value
	case <-time.After(Limit):
		t.Fatalf("no %[2]s after %[1]v", Limit, what)
		panic("unreachable")
	}
}
