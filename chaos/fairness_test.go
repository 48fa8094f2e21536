package chaos

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// Answers of 50 MB flow on the connection to the only node: small ones find their
// way between them as they do between two nodes. Neither does a client that does
// not read hold them up.
func TestLargeAnswersBesideSmall(t *testing.T) {
	f := startFleet(t, 0, 0)
	schedulers := []string{"+S", "2:2"}
	serving := f.start(t, schedulers...)
	s := f.settings("timeout: 30s")
	s.timed = true
	g := startGateway(t, nil, s)
	g.waitConnected(t, 1)

	const rate = 100
	period := form(3*time.Second, 30*time.Second)
	n := rate * int(period/time.Second)
	large := operation(fmt.Sprintf(`{ large(bytes: %d) }`, 50<<20))
	small := func(int) string { return operation(`{ counter }`) }
	alone := g.offer(rate, n, "/graphql", small).wait()

	stream := g.press(1, "/graphql", func(int) string { return large })
	beside := g.offer(rate, n, "/graphql", small).wait()
	answers := stream.end()

	// A client that asks for as much and reads nothing.
	conn, err := net.Dial("tcp", g.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", g.listen, len(large), large)); err != nil {
		t.Fatal(err)
	}
	unread := g.offer(rate, n, "/graphql", small).wait()
	conn.Close()

	caller := beamtest.StartNode(t, beamtest.Options{Name: "caller@127.0.0.1", EPMDPort: f.epmd, Args: append(slim, schedulers...)})
	erpcAlone := erpc(t, caller, serving, rate, n, false)
	erpcBeside := erpc(t, caller, serving, rate, n, true)

	ratio := func(a, b time.Duration) float64 { return float64(a) / float64(b) }
	t.Logf("figures: small queries alone: %v", alone)
	t.Logf("figures: beside %d answers of 50 MB, each in %v: %v; p99 ratio %.1f", len(answers), answers.percentile(50), beside,
		ratio(beside.percentile(99), alone.percentile(99)))
	t.Logf("figures: the same by :erpc.call from a node: p99 %v alone, %v beside; p99 ratio %.1f", erpcAlone, erpcBeside, ratio(erpcBeside, erpcAlone))
	t.Logf("figures: beside a client that does not read 50 MB: %v; p99 ratio %.1f", unread, ratio(unread.percentile(99), alone.percentile(99)))
	if failed := append(append(alone, beside...), append(answers, unread...)...).failed(); len(failed) > 0 {
		t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
	}
	// Held up, a small query waits for half a large answer in the median.
	if limit := answers.percentile(50) / 4; beside.percentile(50) > limit {
		t.Errorf("p50 beside large answers is %v, more than a quarter of the time one takes", beside.percentile(50))
	}
	if beside.percentile(99) > 2*erpcBeside {
		t.Errorf("p99 beside large answers is %v, and between two nodes %v", beside.percentile(99), erpcBeside)
	}
	if len(answers) < 3 {
		t.Errorf("only %d large answers: little was shown", len(answers))
	}
}

// erpc is the 99th percentile of small calls from one node to another, at a
// steady rate, alone or beside answers of 50 MB.
func erpc(t *testing.T, caller, serving *beamtest.Node, rate, n int, beside bool) time.Duration {
	t.Helper()
	microseconds, err := strconv.Atoi(caller.Eval(t, fmt.Sprintf(`
		run = fn document -> {:ok, _} = :erpc.call(%q |> String.to_atom(), Absinthe, :run, [document, TestApp.Schema, []], 60_000) end
		stream = fn stream -> run.("{ large(bytes: 52428800) }"); stream.(stream) end
		large = if %v, do: spawn(fn -> stream.(stream) end)
		run.("{ counter }")
		began = System.monotonic_time(:microsecond)

		times =
			for i <- 0..%d do
				Process.sleep(max(0, div(began + div(i * 1_000_000, %d) - System.monotonic_time(:microsecond), 1000)))
				Task.async(fn -> :timer.tc(fn -> run.("{ counter }") end) |> elem(0) end)
			end
			|> Task.await_many(60_000)

		if large, do: Process.exit(large, :kill)
		times |> Enum.sort() |> Enum.at(div(length(times) * 99, 100))`, serving.Name, beside, n-1, rate)))
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(microseconds) * time.Microsecond
}

// An answer that is larger than allowed ends its call and nothing else.
func TestAnswerTooLarge(t *testing.T) {
	f := startFleet(t, 1, 0)
	s := f.settings("timeout: 30s")
	s.top = []string{"limits: {answer: 33554432}"}
	g := startGateway(t, nil, s)
	g.waitConnected(t, 1)
	memory := g.status(t).MemoryBytes
	l := g.offer(50, 0, "/graphql", func(int) string { return operation(`{ counter }`) })
	refused := 0
	for range form(5, 50) {
		if status, _, body := g.ask(t, `{ large(bytes: 104857600) }`); status == http.StatusBadGateway && errorCode([]byte(body)) == "ANSWER_TOO_LARGE" {
			refused++
		}
		memory = max(memory, g.status(t).MemoryBytes)
	}
	o := l.end()
	t.Logf("figures: %d answers of 100 MiB refused, memory at most %d MiB; small ones beside: %v", refused, memory>>20, o)
	if refused != form(5, 50) {
		t.Errorf("only %d were refused as too large", refused)
	}
	if failed := o.failed(); len(failed) > 0 {
		t.Errorf("%d small queries failed; the first: %+v", len(failed), failed[0])
	}
	if line := g.log.line("node down"); line != "" {
		t.Errorf("the connection was lost: %s", line)
	}
	eventually(t, "no process is left", func() bool { return calls(t, f.live[0]) == 0 })
}
