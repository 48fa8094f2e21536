package rpcclient_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// silence is a context that ends like the application's own timeout.
func silence(t *testing.T, timeout time.Duration) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), timeout, rpcclient.ErrAppTimeout)
	t.Cleanup(cancel)
	return ctx
}

// Nothing that a client chooses ejects a node, and the only node is never ejected.
func testBreaker(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	const calls = 4
	pool := gw.pool(t, rpcclient.PoolConfig{Breaker: rpcclient.BreakerConfig{Calls: calls, Window: time.Minute, Open: time.Hour}}, target)
	crash := func(document string) func(*testing.T) {
		return func(t *testing.T) {
			var failure *rpcclient.CallError
			if _, err := run(t.Context(), pool, document); !errors.As(err, &failure) {
				t.Errorf("%v, want a CallError", err)
			}
		}
	}
	for name, call := range map[string]func(*testing.T){
		"raise": crash(`{ raise }`),
		"throw": crash(`{ throw }`),
		"exit":  crash(`{ exit }`),
		"kill":  crash(`{ kill }`),
		"errors of GraphQL": func(t *testing.T) {
			if got, err := run(t.Context(), pool, `{ nope }`); err != nil || !strings.Contains(got, `"errors"`) {
				t.Errorf("%s, %v, want GraphQL errors", got, err)
			}
		},
		"clients that leave": func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			seen := node.Written(t)
			call := async(func() (string, error) { return run(ctx, pool, `{ sleep(ms: 3600000) }`) })
			sleeper(t, node, seen)
			cancel()
			if o := await(t, call); !errors.Is(o.err, context.Canceled) {
				t.Errorf("%v, want %v", o.err, context.Canceled)
			}
		},
		"deadlines of clients": func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Microsecond)
			defer cancel()
			if _, err := run(ctx, pool, `{ sleep(ms: 3600000) }`); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want %v", err, context.DeadlineExceeded)
			}
		},
		"silence of the only node": func(t *testing.T) {
			if _, err := run(silence(t, 10*time.Millisecond), pool, `{ sleep(ms: 3600000) }`); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want %v", err, context.DeadlineExceeded)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 * calls {
				call(t)
			}
			checkHello(t, pool)
			if got := pool.Status().Nodes[0].Breaker; got != "closed" {
				t.Errorf("the breaker is %s", got)
			}
		})
	}
}

// A node that hangs gets no calls while another one answers. It hangs from then on, so
// this test comes last.
func testBreakerOfOneNode(t *testing.T, bad, good *beamtest.Node, atBad, atGood rpcclient.NodeAddr) {
	bad.Eval(t, `
		Code.put_compiler_option(:ignore_module_conflict, true)
		Code.compile_string("defmodule Absinthe do def run(_, _, _), do: Process.sleep(:infinity) end")
		:ok`)
	gw := startGateway(t, nil)
	const calls = 4
	pool := gw.pool(t, rpcclient.PoolConfig{Breaker: rpcclient.BreakerConfig{Calls: calls, Open: time.Hour, Window: time.Hour}}, atBad, atGood)
	atOnce := func(call func()) {
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(call)
		}
		callers.Wait()
	}
	alone := gw.pool(t, rpcclient.PoolConfig{}, atGood)
	began := time.Now()
	atOnce(func() { checkHello(t, alone) })
	timeout := max(500*time.Millisecond, 10*time.Since(began)) // enough for the good node, even on a slow machine
	// The node is also slow, and gets few calls while others are free.
	eventually(t, "the node that hangs is ejected", func() bool {
		atOnce(func() {
			result, err := absinthe(pool).Run(silence(t, timeout), rpcclient.Operation{Document: hello})
			if err == nil && result.Node != good.Name || err != nil && !errors.Is(err, rpcclient.ErrAppTimeout) {
				t.Errorf("%+v, %v", result, err)
			}
		})
		return t.Failed() || len(gw.log.Lines("circuit breaker", "to=open")) > 0
	})
	for range 100 {
		checkHello(t, pool)
	}
	if lines := gw.log.Lines("circuit breaker"); len(lines) != 1 || !strings.Contains(lines[0], bad.Name) {
		t.Errorf("logged %v, want that %s is ejected", lines, bad.Name)
	}
}

func TestBreakerConfig(t *testing.T) {
	var cfg rpcclient.BreakerConfig
	cfg.SetDefaults()
	if want := (rpcclient.BreakerConfig{Failures: 0.5, Calls: 20, Window: 10 * time.Second, Open: 5 * time.Second, MaxEjected: 0.5}); cfg != want {
		t.Errorf("defaults %+v, want %+v", cfg, want)
	}
	for _, tt := range []struct {
		cfg rpcclient.BreakerConfig
		key string // named by the error; empty: no error
	}{
		{cfg, ""},
		{rpcclient.BreakerConfig{}, ""},
		{rpcclient.BreakerConfig{Failures: 1}, ""},
		{rpcclient.BreakerConfig{Failures: -0.1}, "breaker.failures"},
		{rpcclient.BreakerConfig{Failures: 1.1}, "breaker.failures"},
		{rpcclient.BreakerConfig{Failures: math.NaN()}, "breaker.failures"},
		{rpcclient.BreakerConfig{MaxEjected: 1}, ""},
		{rpcclient.BreakerConfig{MaxEjected: -0.1}, "breaker.max_ejected"},
		{rpcclient.BreakerConfig{MaxEjected: 1.1}, "breaker.max_ejected"},
		{rpcclient.BreakerConfig{MaxEjected: math.NaN()}, "breaker.max_ejected"},
		{rpcclient.BreakerConfig{Window: -1}, "breaker.window"},
		{rpcclient.BreakerConfig{Open: -1}, "breaker.open"},
	} {
		err := tt.cfg.Validate()
		if (err == nil) != (tt.key == "") || err != nil && !strings.Contains(err.Error(), tt.key) {
			t.Errorf("%+v: %v, want an error that names %q", tt.cfg, err, tt.key)
		}
	}
}
