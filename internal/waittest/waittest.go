// Package waittest waits in tests for what other goroutines and processes do.
package waittest

import (
	"testing"
	"time"
)

// Limit ends a wait for something that never comes, so that the test fails with a
// message of its own. It measures no speed: a test that makes progress stays far
// below it, on a slow and loaded machine as well. It is shorter than the timeout of
// go test.
const Limit = 5 * time.Minute

// Until polls condition until it holds, and returns how long that took. It is for
// states of other processes, which announce no changes.
func Until(t testing.TB, what string, condition func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for pause := 50 * time.Microsecond; !condition(); pause = min(2*pause, 5*time.Millisecond) {
		if time.Since(began) > Limit {
			t.Fatalf("after %v it is still not so that %s", Limit, what)
		}
		time.Sleep(pause)
	}
	return time.Since(began)
}

// Receive returns the next value of c, which is closed or sent to by another goroutine.
func Receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case value := <-c:
		return value
	case <-time.After(Limit):
		t.Fatalf("after %v there is still no %s", Limit, what)
		panic("unreachable")
	}
}
