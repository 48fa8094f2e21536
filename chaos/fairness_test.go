package chaos

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Answers of 50 MB flow on the connection to the only node: small ones find their
// way between them. Neither does a client that does not read hold them up.
func TestLargeAnswersBesideSmall(t *testing.T) {
	f := startFleet(t, 0, 0)
	f.start(t, "+S", "2:2")
	g := startGateway(t, nil, f.settings("timeout: 30s"))
	g.waitConnected(t, 1)

	const large = 50 << 20
	rate := 100
	n := rate * int(form(5*time.Second, 30*time.Second)/time.Second)
	small := func(int) string { return operation(`{ counter }`) }
	alone := g.offer(rate, n, "/graphql", small).wait()

	stream := g.press(1, "/graphql", func(int) string { return operation(fmt.Sprintf(`{ large(bytes: %d) }`, large)) })
	beside := g.offer(rate, n, "/graphql", small).wait()
	answers := stream.end()

	// A client that asks for as much and reads nothing.
	conn, err := net.Dial("tcp", g.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := operation(fmt.Sprintf(`{ large(bytes: %d) }`, large))
	if _, err := io.WriteString(conn, fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", g.listen, len(body), body)); err != nil {
		t.Fatal(err)
	}
	unread := g.offer(rate, n, "/graphql", small).wait()

	ratio := func(o outcomes) float64 { return float64(o.percentile(99)) / float64(alone.percentile(99)) }
	t.Logf("figures: small queries alone: %v", alone)
	t.Logf("figures: beside %d answers of 50 MB, each in %v: %v; p99 ratio %.1f", len(answers), answers.percentile(50), beside, ratio(beside))
	t.Logf("figures: beside a client that does not read 50 MB: %v; p99 ratio %.1f", unread, ratio(unread))
	if failed := append(append(alone, beside...), append(answers, unread...)...).failed(); len(failed) > 0 {
		t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
	}
	// Held up, a small query waits for half a large answer on average.
	if limit := answers.percentile(50) / 4; beside.percentile(99) > limit {
		t.Errorf("p99 beside large answers is %v, more than a quarter of the time one takes", beside.percentile(99))
	}
	if len(answers) < 3 {
		t.Errorf("only %d large answers: little was shown", len(answers))
	}
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
