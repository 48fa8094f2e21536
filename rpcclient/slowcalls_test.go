package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// observed is the observer of an operation of this name.
type observed string

func (observed) Sent(string)      {}
func (observed) SetPrepared(bool) {}
func (observed) Annotate(string)  {}

func (o observed) Identify() any {
	return rpcclient.CallIdentity{Path: "/graphql", Operation: string(o), RequestID: "id-of-" + string(o)}
}

// hang runs an operation that hangs in a place until ctx ends.
func hang(ctx context.Context, pool *rpcclient.Pool, place string) error {
	_, err := absinthe(pool).Run(ctx, rpcclient.Operation{
		Document: fmt.Sprintf(`{ hang(in: %q) }`, place), Idempotent: true, Observer: observed(place),
	})
	return err
}

// samplesOf returns the samples of an operation, the latest first.
func samplesOf(gw *gateway, operation string) (samples []rpcclient.SlowCall) {
	for _, sample := range gw.SlowCalls().Report().Recent {
		if sample.Operation == operation {
			samples = append(samples, sample)
		}
	}
	return samples
}

func testSlowCalls(t *testing.T, _ *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{Slow: new(50 * time.Millisecond)}, target)
	// A node loads code for its first calls, which then are slow elsewhere.
	eventually(t, "a sample is of the application", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		absinthe(pool).Run(ctx, rpcclient.Operation{Document: `{ hang(in: "task") }`, Observer: observed("first calls")})
		recent := gw.SlowCalls().Report().Recent
		return len(recent) > 0 && strings.Contains(recent[0].Line, "TestApp.Fields.hang/1")
	})
	const frame = `TestApp\.Fields\.\S*hang/1\S* \(\S*fields\.exs:\d+\)`
	for place, want := range map[string]string{
		"sleep":  `^` + frame + `$`,
		"server": `^` + frame + `, which waits for TestApp\.HangingServer\.handle_call/3 \(\S*fields\.exs:\d+\)$`,
		"task":   `^` + frame + `, which waits for ` + frame + `$`,
	} {
		// A busy node may be sampled before the resolver waits, so it is tried again.
		t.Run(place, func(t *testing.T) {
			eventually(t, "a sample is where the call waits", func() bool {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				before := len(samplesOf(gw, place))
				done := async(func() (string, error) { return "", hang(ctx, pool, place) })
				eventually(t, "there is a sample", func() bool { return len(samplesOf(gw, place)) > before })
				sample := samplesOf(gw, place)[0]
				cancel()
				if o := await(t, done); !errors.Is(o.err, context.Canceled) || !strings.Contains(o.err.Error(), " in "+sample.Line) {
					t.Errorf("%v, want %v and the line", o.err, context.Canceled)
				}
				if sample.Path != "/graphql" || sample.RequestID != "id-of-"+place || sample.TookMS < 50 || sample.Node == "" {
					t.Errorf("%+v", sample)
				}
				p := sample.Processes[0]
				if !regexp.MustCompile(want).MatchString(sample.Line) || p.Status != "waiting" {
					t.Logf("the call is at %s, want %s\n%+v", sample.Line, want, sample.Processes)
					return t.Failed()
				}
				if p.Memory <= 0 || p.Reductions <= 0 {
					t.Errorf("%+v", p)
				}
				return true
			})
		})
	}
	// The bound of time between two samples may be longer than the last moment before a
	// deadline on a busy machine, so it is tried again.
	t.Run("deadline", func(t *testing.T) {
		late := gw.pool(t, rpcclient.PoolConfig{Slow: new(time.Hour)}, target)
		eventually(t, "the error of a timeout has the line", func() bool {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, rpcclient.ErrAppTimeout)
			defer cancel()
			err := hang(ctx, late, "sleep")
			if !errors.Is(err, rpcclient.ErrAppTimeout) {
				t.Fatalf("%v, want %v", err, rpcclient.ErrAppTimeout)
			}
			return regexp.MustCompile(` in ` + frame + `: `).MatchString(err.Error())
		})
	})
	t.Run("off", func(t *testing.T) {
		off := gw.pool(t, rpcclient.PoolConfig{Slow: new(time.Duration(0))}, target)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := hang(ctx, off, "sleep"); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "hang") {
			t.Errorf("%v, want no line", err)
		}
	})
}
