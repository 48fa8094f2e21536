package e2e_test

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The operations of a batch run concurrently. The results are in their order, and each has
// its own errors.
func TestBatch(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"limits: {answer: 200000}\n")
	answered := g.async(t, `[
		{"query":"{ sleep(ms: 3600000) }"},
		{"query":"{ raise(message: \"a secret\") }"},
		{"query":"{ nope }"},
		{"query":"query E($t: String) { echoText(text: $t) }","variables":{"t":"☃"}},
		{"query":"{ sleep(ms: 3600000) }"},
		{"query":"{ sleep(ms: 3600000) }"}]`)
	eventually(t, "three operations run at once", func() bool { return strings.Count(node.Output(), "sleeping ") == 3 })
	node.Wake(t)
	answer := <-answered
	want := []string{`{"data":{"sleep":true}}`, `"INTERNAL"`, `Cannot query field \"nope\"`, `{"data":{"echoText":"☃"}}`, `{"data":{"sleep":true}}`, `{"data":{"sleep":true}}`}
	rest := answer
	for _, part := range want {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%s\nhas no %s, or not in order", answer, part)
		}
		rest = after
	}
	if strings.Contains(answer, "secret") {
		t.Error(answer)
	}

	// limits.answer bounds all results together.
	const large = `{"query":"{ large(bytes: 150000) }"}`
	if _, answer := g.post(t, "["+large+","+large+"]"); !strings.HasPrefix(answer, `[{"data"`) || !strings.HasSuffix(answer, `"ANSWER_TOO_LARGE"}}]}]`) {
		t.Errorf("two answers of 150000 bytes: %.50s…%s", answer, answer[max(0, len(answer)-100):])
	}
}

func TestBatchInTheFormatOfAbsinthePlug(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    batch_format: absinthe"))
	status, answer := g.post(t, `[{"id":"q1","query":"{ counter }"},{"id":"q2","query":"mutation { append(id: 1"}]`)
	if status != 200 || !strings.HasPrefix(answer, `[{"id":"q1","payload":{"data":{"counter":1}}},{"id":"q2","payload":{"errors":[`) {
		t.Errorf("%d %s", status, answer)
	}
}
