package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

func testCallEndsWithItsContext(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	// The clock of the node, which is this machine's, tells when the process ended.
	// Single times say little on a loaded machine, so the shortest ones are compared with
	// the shortest calls, until they fit.
	t.Run("cancelled", func(t *testing.T) {
		killed, call := time.Hour, time.Hour
		for range 100 {
			began := time.Now()
			checkHello(t, pool)
			call = min(call, time.Since(began))

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen := node.Written(t)
			done := async(func() (string, error) { return run(ctx, pool, `{ sleep(ms: 3600000) }`) })
			pid := sleeper(t, node, seen)
			node.Eval(t, fmt.Sprintf(`
				pid = %s
				test = self()
				spawn(fn ->
					monitor = Process.monitor(pid)
					send(test, :monitored)
					receive do
						{:DOWN, ^monitor, :process, ^pid, reason} ->
							:persistent_term.put(:gone, {reason, System.os_time(:microsecond)})
					end
				end)
				receive do :monitored -> :persistent_term.put(:gone, nil) end`, term(pid)))

			began = time.Now()
			cancel()
			if o := await(t, done); !errors.Is(o.err, context.Canceled) {
				t.Errorf("cancelled call: %v, want %v", o.err, context.Canceled)
			}
			eventually(t, "the process is gone", func() bool { return node.Eval(t, ":persistent_term.get(:gone)") != "nil" })
			if reason := node.Eval(t, "elem(:persistent_term.get(:gone), 0)"); reason != ":killed" {
				t.Errorf("the process is gone by %s, want :killed", reason)
			}
			at, err := strconv.ParseInt(node.Eval(t, "elem(:persistent_term.get(:gone), 1)"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if killed = min(killed, time.UnixMicro(at).Sub(began)); killed <= 50*call {
				break
			}
		}
		t.Logf("gone %v after the cancellation, at best; a call takes %v", killed, call)
		if killed > 50*call {
			t.Errorf("the process lived for %v after its caller left; a call takes %v", killed, call)
		}
	})

	t.Run("deadline", func(t *testing.T) {
		pid := outlived(t, node, func(ctx context.Context) (string, error) { return run(ctx, pool, `{ sleep(ms: 3600000) }`) })
		if line := node.WaitOutput(t, "gone "+pid); line != "gone "+pid+" killed" {
			t.Errorf("%q, want it killed", line)
		}
	})

	// The tasks of a resolver end with it.
	t.Run("linked task", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		call := async(func() (string, error) {
			return eval(ctx, pool, `Task.await(Task.async(fn -> Process.register(self(), :linked_task); Process.sleep(:infinity) end), :infinity)`)
		})
		eventually(t, "the task runs", func() bool { return node.Eval(t, "Process.whereis(:linked_task) != nil") == "true" })
		cancel()
		if o := await(t, call); !errors.Is(o.err, context.Canceled) {
			t.Errorf("cancelled call: %v, want %v", o.err, context.Canceled)
		}
		eventually(t, "the task is gone", func() bool { return node.Eval(t, "Process.whereis(:linked_task)") == "nil" })
	})

	t.Run("over before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the client left")
		cancel(cause)
		if _, err := run(ctx, pool, `mutation { append(id: "1") }`); !errors.Is(err, cause) {
			t.Errorf("%v, want the cause of the context", err)
		}
		if got := node.Appended(t); len(got) > 0 {
			t.Errorf("ran %v", got)
		}
	})

	t.Run("the connection goes on", func(t *testing.T) {
		if got, err := run(t.Context(), pool, `{ echoText(text: "here") }`); err != nil || got != `{"data":{"echoText":"here"}}` {
			t.Errorf("%s, %v", got, err)
		}
	})
}

// sleeper returns the pid, in Elixir's notation, of the first process that logged its
// sleep after the first `seen` bytes of output.
func sleeper(t testing.TB, node *beamtest.Node, seen int) (pid string) {
	t.Helper()
	eventually(t, "a call sleeps", func() bool {
		pid = sleeperIn(node.Output()[seen:])
		return pid != ""
	})
	return pid
}

// sleeperIn is the first sleeping pid in output, or "".
func sleeperIn(output string) string {
	for line := range strings.Lines(output) {
		if text, whole := strings.CutSuffix(line, "\n"); whole {
			if pid, ok := strings.CutPrefix(text, "sleeping "); ok {
				return pid
			}
		}
	}
	return ""
}

// outlived makes a call that sleeps, doubling the deadline until the call begins on
// the node. It returns the pid of the call.
func outlived(t testing.TB, node *beamtest.Node, call func(context.Context) (string, error)) (pid string) {
	t.Helper()
	seen := node.Written(t)
	for deadline := 20 * time.Millisecond; pid == ""; deadline *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		if _, err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("with a deadline of %v: %v, want %v", deadline, err, context.DeadlineExceeded)
		}
		cancel()
		pid = sleeperIn(node.Output()[seen:])
	}
	return pid
}

// term is the Elixir expression for #PID<0.1.2>.
func term(pid string) string {
	return fmt.Sprintf("(%q |> String.replace_prefix(%q, %q) |> String.to_charlist() |> :erlang.list_to_pid())", pid, "#PID", "")
}
