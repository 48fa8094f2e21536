package demo_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/demo"
)

func TestSlowTakesItsTime(t *testing.T) {
	b := demo.NewBackend()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		wantJSON(t, toJSON(t, request{document: `{ slow(ms: 30000) }`}.run(t, b)), `{"data":{"slow":30000}}`)
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The end of the context ends the call at once, without an outcome.
func TestKillStopsACallAtOnce(t *testing.T) {
	b := demo.NewBackend()
	synctest.Test(t, func(t *testing.T) {
		killed := errors.New("killed")
		ctx, kill := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { kill(killed) })
		start := time.Now()
		outcome, err := b.Apply(ctx, "Elixir.Absinthe", "run", request{document: `{ a: slow(ms: 60000) b: slow(ms: 90000) }`}.args(t))
		if !errors.Is(err, killed) {
			t.Errorf("outcome %+v, error %v; want %v", outcome, err, killed)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
