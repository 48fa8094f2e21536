package rpcclient

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// Calls that pass their deadline mostly run longer than the window in which they
// are counted.
func TestBreakerCountsCallsWhenTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg BreakerConfig
		cfg.SetDefaults()
		b := newBreaker("hanging@127.0.0.1", cfg, slog.New(slog.DiscardHandler))
		for range 2 * cfg.Calls {
			done, err := b.start()
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(3*cfg.Window, func() { done(context.DeadlineExceeded) })
		}
		time.Sleep(3*cfg.Window - 1)
		if _, err := b.start(); err != nil {
			t.Errorf("before the first deadline: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, err := b.start(); err == nil {
			t.Error("the breaker of a node that hangs is closed")
		}
	})
}

// The share is that of calls which ended: neither those that run nor those that
// their clients gave up say how the node is.
func TestBreakerCountsOnlyWhatSaysSomething(t *testing.T) {
	var cfg BreakerConfig
	cfg.SetDefaults()
	b := newBreaker("crashing@127.0.0.1", cfg, slog.New(slog.DiscardHandler))
	end := func(err error) {
		t.Helper()
		done, refused := b.start()
		if refused != nil {
			t.Fatal(refused)
		}
		done(err)
	}
	for range 10 * cfg.Calls {
		if _, err := b.start(); err != nil { // runs on
			t.Fatal(err)
		}
		end(context.Canceled)
	}
	crash := errors.New("crash")
	for range cfg.Calls {
		end(crash)
	}
	if _, err := b.start(); err == nil {
		t.Error("closed, though every call that ended has crashed")
	}
}
