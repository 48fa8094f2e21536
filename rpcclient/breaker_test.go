package rpcclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/beamtest"
	"github.com/louche-graphql/louche/rpcclient"
)

func testBreaker(t *testing.T, node *beamtest.Node, target rpcclient.Target) {
	gw := startGateway(t, nil)
	const calls = 4
	cfg := rpcclient.PoolConfig{Breaker: rpcclient.BreakerConfig{Calls: calls, Window: time.Minute, Open: 200 * time.Millisecond}}

	t.Run("calls that crash", func(t *testing.T) {
		pool := gw.pool(t, cfg, target)
		crash := func() error {
			_, err := run(t.Context(), pool, `{ raise }`)
			return err
		}
		for i := range calls {
			var failure *rpcclient.CallError
			if err := crash(); !errors.As(err, &failure) {
				t.Errorf("call %d: %v, want a CallError", i, err)
			}
		}
		opened := time.Now()
		_, err := run(t.Context(), pool, hello)
		if !errors.Is(err, rpcclient.ErrCircuitOpen) {
			t.Errorf("after %d crashes: %v, want %v", calls, err, rpcclient.ErrCircuitOpen)
		}
		if !pool.Ready() {
			t.Error("the node is connected, breaker or not")
		}
		if pool.RetryAfter() != cfg.Breaker.Open {
			t.Errorf("retry after %v, want %v", pool.RetryAfter(), cfg.Breaker.Open)
		}

		// One call is let through when Open is over. It crashes: open again.
		var failure *rpcclient.CallError
		eventually(t, "a call is tried", func() bool { return errors.As(crash(), &failure) })
		if since := time.Since(opened); since < cfg.Breaker.Open {
			t.Errorf("a call was tried after %v, want %v", since, cfg.Breaker.Open)
		}
		if err := crash(); !errors.Is(err, rpcclient.ErrCircuitOpen) {
			t.Errorf("after the tried call: %v, want %v", err, rpcclient.ErrCircuitOpen)
		}
		// One that is answered closes it.
		eventually(t, "closed", func() bool {
			_, err := run(t.Context(), pool, hello)
			return err == nil
		})
		checkHello(t, pool)
	})

	t.Run("errors of GraphQL", func(t *testing.T) {
		pool := gw.pool(t, cfg, target)
		for range 3 * calls {
			if got, err := run(t.Context(), pool, `{ nope }`); err != nil || !strings.Contains(got, `"errors"`) {
				t.Fatalf("%s, %v, want GraphQL errors", got, err)
			}
		}
		checkHello(t, pool)
	})

	t.Run("clients that leave", func(t *testing.T) {
		pool := gw.pool(t, cfg, target)
		for range 3 * calls {
			ctx, cancel := context.WithCancel(t.Context())
			seen := len(node.Output())
			call := async(func() (string, error) { return run(ctx, pool, `{ sleep(ms: 3600000) }`) })
			sleeper(t, node, seen)
			cancel()
			if o := await(t, call); !errors.Is(o.err, context.Canceled) {
				t.Fatalf("%v, want %v", o.err, context.Canceled)
			}
		}
		checkHello(t, pool)
	})

	t.Run("deadlines that pass", func(t *testing.T) {
		pool := gw.pool(t, cfg, target)
		for range calls {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if _, err := run(ctx, pool, `{ sleep(ms: 3600000) }`); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want %v", err, context.DeadlineExceeded)
			}
			cancel()
		}
		if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrCircuitOpen) {
			t.Errorf("after %d deadlines: %v, want %v", calls, err, rpcclient.ErrCircuitOpen)
		}
	})
}

// A node that fails gets no calls while another one answers. Run it last: the node
// that fails goes on failing.
func testBreakerOfOneNode(t *testing.T, bad, good *beamtest.Node, atBad, atGood rpcclient.Target) {
	bad.Eval(t, `
		Code.put_compiler_option(:ignore_module_conflict, true)
		Code.compile_string("defmodule Absinthe do def run(_, _, _), do: raise(\"out of order\") end")
		:ok`)
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{Breaker: rpcclient.BreakerConfig{Calls: 4, Open: time.Hour}}, atBad, atGood)
	failed := 0
	for range 40 {
		answer, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{Document: hello})
		if err != nil {
			failed++
		} else if answer.Node != good.Name {
			t.Errorf("answer of %s", answer.Node)
		}
	}
	if failed != 4 {
		t.Errorf("%d calls failed, want those 4 that opened the breaker", failed)
	}
}

func TestBreakerConfig(t *testing.T) {
	var cfg rpcclient.BreakerConfig
	cfg.SetDefaults()
	if want := (rpcclient.BreakerConfig{Failures: 0.5, Calls: 20, Window: 10 * time.Second, Open: 5 * time.Second}); cfg != want {
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
		{rpcclient.BreakerConfig{Window: -1}, "breaker.window"},
		{rpcclient.BreakerConfig{Open: -1}, "breaker.open"},
	} {
		err := tt.cfg.Validate()
		if (err == nil) != (tt.key == "") || err != nil && !strings.Contains(err.Error(), tt.key) {
			t.Errorf("%+v: %v, want an error that names %q", tt.cfg, err, tt.key)
		}
	}
}
