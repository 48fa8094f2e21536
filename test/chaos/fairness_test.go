package chaos

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Small answers pass between answers of 50 MB on one connection, hardly slower than on
// the connection of another node on the same machine. A client that does not read
// delays no other.
func TestLargeAnswersBesideSmall(t *testing.T) {
	f := startFleet(t, 0, 0)
	schedulers := []string{"+S", "2:2"}
	f.start(t, schedulers...)
	beamtest.StartNode(t, beamtest.Options{Name: "other@127.0.0.1", EPMDPort: f.epmd, Args: append(smallNode, schedulers...)})
	s := f.settings(longTimeout)
	s.timed = true
	s.more = []string{"  - path: /other", "    schema: TestApp.Schema",
		fmt.Sprintf("    discovery: {dns: [127.0.0.1], prefix: other, epmd_port: %d}", f.epmd)}
	g := startGateway(t, nil, s)
	eventually(t, "both nodes are connected", func() bool {
		s := g.status(t)
		return len(s.connected(0)) == 1 && len(s.connected(1)) == 1
	})

	rate, rounds := g.rate(t, 100), 4
	n := rate * form(1, 8) // in seconds
	large := operation(fmt.Sprintf(`{ large(bytes: %d) }`, 50<<20))
	small := func() outcomes {
		return g.offer(rate, n, "/graphql", func(int) string { return operation(`{ counter }`) }).wait()
	}
	beside := func(path string) (light, heavy outcomes) {
		stream := g.offerClosedLoop(1, path, func(int) string { return large })
		light = small()
		return light, stream.end()
	}
	alone := small()
	var apart, answersApart, together, answers outcomes
	for range rounds { // in turns: the load of this machine varies
		light, heavy := beside("/other")
		apart, answersApart = append(apart, light...), append(answersApart, heavy...)
		light, heavy = beside("/graphql")
		together, answers = append(together, light...), append(answers, heavy...)
	}

	conn, err := net.Dial("tcp", g.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, g.request(large)); err != nil {
		t.Fatal(err)
	}
	unread := small()

	ratio := func(a, b outcomes) float64 { return float64(a.percentile(99)) / float64(b.percentile(99)) }
	t.Logf("figures: small queries alone: %v", alone)
	t.Logf("figures: beside %d answers of 50 MB on another connection, each in %v: %v; p99 ratio to alone %.1f",
		len(answersApart), answersApart.percentile(50), apart, ratio(apart, alone))
	t.Logf("figures: beside %d of them on the same connection, each in %v: %v; p99 ratio to alone %.1f, to another connection %.1f",
		len(answers), answers.percentile(50), together, ratio(together, alone), ratio(together, apart))
	t.Logf("figures: beside a client that does not read 50 MB: %v; p99 ratio to alone %.1f", unread, ratio(unread, alone))
	for _, o := range []outcomes{alone, apart, answersApart, together, answers, unread} {
		if failed := o.failed(); len(failed) > 0 {
			t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
		}
	}
	// If they delayed each other, a small query would wait for whole large answers.
	a, b, whole := apart.percentile(90), together.percentile(90), answers.percentile(50)
	t.Logf("figures: p90 beside large answers %v on another connection, %v on the same: ratio %.1f", a, b, float64(b)/float64(a))
	if b > a*3/2 && b > whole/4 {
		t.Errorf("p90 on the same connection is %v, on another %v; a large answer takes %v", b, a, whole)
	}
	if len(answers) < 3 {
		t.Errorf("only %d large answers, so the test shows little", len(answers))
	}
}

// An answer beyond the limit ends its call and nothing else.
func TestAnswerTooLarge(t *testing.T) {
	f := startFleet(t, 1, 0)
	s := f.settings(longTimeout)
	s.top = []string{"limits: {answer: 33554432}"}
	g := startGateway(t, nil, s)
	g.waitConnected(t, 1)
	memory := g.status(t).MemoryBytes
	l := g.offer(g.rate(t, 50), 0, "/graphql", func(int) string { return operation(`{ counter }`) })
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
