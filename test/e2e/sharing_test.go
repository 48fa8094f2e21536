package e2e_test

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The node runs equal queries in flight once, and each client gets the answer. A call ends
// when its last client has left.
func TestSharing(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    share: on", "    context: {current_user_id: {header: X-User-Id, type: integer}}"))
	const (
		query  = `{"query":"{ sleep(ms: 3600000) counter }"}`
		shared = `louche_shared_total{app="/graphql",share="on"}`
	)
	asleep := func() int { return strings.Count(node.Output(), "sleeping ") }
	as := func(user, timeout string) <-chan string {
		answered := make(chan string, 1)
		go func() {
			_, answer := g.post(t, query, "X-User-Id", user, "X-Request-Timeout", timeout)
			answered <- answer
		}()
		return answered
	}

	var answers []<-chan string
	for range 4 {
		answers = append(answers, as("1", "1h"))
	}
	eventually(t, "three share the call of the first", func() bool { return g.metric(t, shared) == 3 })
	other := as("2", "1h")
	eventually(t, "two calls run", func() bool { return asleep() == 2 })
	if answer := <-as("1", "10ms"); code(t, answer) != "TIMEOUT" {
		t.Errorf("a short deadline: %s", answer)
	}
	node.Wake(t)
	first := <-answers[0]
	for _, answer := range append(answers[1:], other) {
		if got := <-answer; !strings.Contains(got, `"counter":`) || (got == first) == (answer == other) {
			t.Errorf("%s, the first %s", got, first)
		}
	}
	if got := node.Eval(t, "TestApp.Fields.counter()"); got != "3" {
		t.Errorf("the resolver has run %s times, with this one", got)
	}

	woken := asleep()
	if _, answer := g.timedOut(t, node, query, "X-User-Id", "3"); code(t, answer) != "TIMEOUT" {
		t.Errorf("the only caller: %s", answer)
	}
	eventually(t, "all calls of this caller are killed", func() bool {
		return strings.Count(node.Output(), " killed") == asleep()-woken
	})

	for _, answer := range []<-chan string{g.async(t, `{"query":"mutation { append(id: \"1\") }"}`), g.async(t, `{"query":"mutation { append(id: \"1\") }"}`)} {
		<-answer
	}
	if got := node.Appended(t); len(got) != 2 {
		t.Errorf("the mutations have run %d times, want 2", len(got))
	}
}
