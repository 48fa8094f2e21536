package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// At level debug the log has a line for every operation, with any outcome.
func TestOperationsInTheLog(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for i, c := range []struct {
		body, want string
		header     []string
	}{
		{`{"query":"query Q { counter }","operationName":"Q"}`, `kind=query name=Q identity=none node=testapp@127.0.0.1 took=\S+ code=OK`, nil},
		{`{"query":"{ exit }"}`, `kind=query name="" identity=none node="" took=\S+ code=INTERNAL`, nil},
		{`{"query":"{ sleep(ms: 60000) }"}`, `kind=query name="" identity=none node="" took=\S+ code=TIMEOUT`, []string{"X-Request-Timeout", "100ms"}},
		{`{"id":"none"}`, `kind=unknown name="" identity=none node="" took=\S+ code=PERSISTED_QUERY_NOT_IN_LIST`, nil},
		{`{"query":"query Q { counter }","operationName":"a\nb` + strings.Repeat("x", 200) + `"}`, `kind=\S+ name="a\\nbx{125}" identity`, nil},
	} {
		id := fmt.Sprintf("operation-%d", i)
		g.post(t, c.body, append(c.header, "X-Request-Id", id)...)
		line := regexp.MustCompile(`level=DEBUG msg=operation request_id=` + id + ` path=/graphql ` + c.want)
		if log := g.log.String(); !line.MatchString(log) {
			t.Errorf("no %s in\n%s", line, log)
		}
	}
}
