package e2e_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

type slowLine struct {
	Line    string
	Samples int
}

// The log of a timeout has the line of code, and GET /slow has the profile. The client gets
// neither. A call that clients share is no exception.
func TestSlowOperations(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for _, share := range []string{"off", "on"} {
		t.Run("share "+share, func(t *testing.T) {
			testSlowOperations(t, startGateway(t, configFor(epmd, "    slow: 100ms", "    timeout: 3s", "    share: "+share)))
		})
	}
}

func testSlowOperations(t *testing.T, g *running) {
	const line = `TestApp\.Fields\.hang/1 \(\S*fields\.exs:\d+\), which waits for TestApp\.HangingServer\.handle_call/3 \(\S*fields\.exs:\d+\)`
	status, answer := g.query(t, `query Orders { hang(in: "server") }`)
	if status != 504 || regexp.MustCompile(`TestApp|fields`).MatchString(answer) {
		t.Errorf("%d %s", status, answer)
	}
	if logged := g.log.String(); !regexp.MustCompile(`code=TIMEOUT.* in ` + line).MatchString(logged) {
		t.Errorf("the log has no line of code:\n%s", logged)
	}
	var report struct {
		Recent []struct {
			RequestID string `json:"request_id"`
		}
		Operations []struct {
			Path, Operation string
			Samples         int
			Lines           []slowLine
		}
	}
	if code, text := sdl(t, g.admin+"/slow"); code != 200 || json.Unmarshal([]byte(text), &report) != nil || len(report.Operations) != 1 {
		t.Fatalf("GET /slow: %d %s", code, text)
	}
	if id := report.Recent[0].RequestID; id == "" || !strings.Contains(g.log.String(), "request_id="+id) {
		t.Errorf("the sample has the request id %q", id)
	}
	profile := report.Operations[0]
	if profile.Path != "/graphql" || profile.Operation != "Orders" || profile.Samples < 1 || !slices.ContainsFunc(profile.Lines, func(l slowLine) bool { return regexp.MustCompile(line).MatchString(l.Line) }) {
		t.Errorf("%+v", profile)
	}
}
