package rpcclient_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

func testLoad(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, patient)
	relay := newRelay(t, node.Name, target)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr)

	t.Run("20 MB answer", func(t *testing.T) {
		got, err := run(t.Context(), pool, fmt.Sprintf(`{ large(bytes: %d) }`, 20<<20))
		if err != nil {
			t.Fatal(err)
		}
		kibibyte := `"` + strings.Repeat("x", 1024) + `",`
		want := `{"data":{"large":[` + strings.Repeat(kibibyte, 20<<10)
		if want = strings.TrimSuffix(want, ",") + `]}}`; got != want {
			t.Errorf("%d bytes, not the %d expected", len(got), len(want))
		}
	})

	t.Run("1,000 calls at once", func(t *testing.T) {
		var calls sync.WaitGroup
		for i := range 1000 {
			calls.Go(func() {
				got, err := run(t.Context(), pool, fmt.Sprintf(`{ echoText(text: "caller %d") }`, i))
				if want := fmt.Sprintf(`{"data":{"echoText":"caller %d"}}`, i); err != nil || got != want {
					t.Errorf("%s, %v, want %s", got, err, want)
				}
			})
		}
		calls.Wait()
	})

	// Measured in bytes, not in time: the small answer overtakes most of the large one
	// on the wire. The relay holds the large one until the small one is queued behind it.
	t.Run("small call beside a large answer", func(t *testing.T) {
		const size = 64 << 20
		down := &relay.wire().down
		before := down.read.Load()
		down.setLimit(before + 1<<20)
		large := make(chan error, 1)
		go func() {
			result, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{Document: fmt.Sprintf(`{ large(bytes: %d) }`, size)})
			if err == nil && len(result.Value.Bytes) < size {
				err = fmt.Errorf("%d bytes", len(result.Value.Bytes))
			}
			large <- err
		}()
		eventually(t, "the large answer flows", func() bool { return down.held() != nil })
		seen := node.Written(t)
		small := async(func() (string, error) { return run(t.Context(), pool, `{ sleep(ms: 0) }`) })
		pid := sleeper(t, node, seen)
		eventually(t, "the small call has ended", func() bool { return node.Eval(t, "Process.alive?("+term(pid)+")") == "false" })
		down.setLimit(before + size/2)
		if o := await(t, small); o.err != nil {
			t.Error(o.err)
		}
		down.setLimit(0)
		if err := <-large; err != nil {
			t.Errorf("large answer: %v", err)
		}
	})
}
