package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The log has a line for every operation, with any outcome.
func TestRequestsInTheLog(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	sleeper := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"log: {access: 1}\n")
	const (
		hash   = ` hash=[0-9a-f]{64}`
		node   = ` node=testapp@127\.0\.0\.1`
		called = ` stages\.authenticate=\S+ stages\.read=\S+ stages\.parse=\S+ stages\.queue=\S+ stages\.node=\S+`
	)
	for i, c := range []struct {
		body, want string
		header     []string
	}{
		{`{"query":"query Q { counter }","operationName":"Q"}`,
			`level=INFO msg=request ID trace_id=0af7651916cd43dd8448eb211c80319c path=/graphql client_name=ios client_version=1\.2 kind=query name=Q` + hash + node + ` status=200 code=OK bytes=\d\d took=\S+` + called + ` stages\.transcode=\S+ stages\.write=\S+`,
			[]string{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Apollographql-Client-Name", "ios", "Apollographql-Client-Version", "1.2"}},
		{`{"query":"query Unnamed { counter }"}`, `msg=request ID path=/graphql kind=query name=Unnamed`, nil},
		{`{"query":"{ exit }"}`, `level=ERROR msg="request failed" ID path=/graphql kind=query` + hash + node + ` status=500 code=INTERNAL bytes=\d+ took=\S+` + called + ` cause="call on`, nil},
		{`{"query":"{ sleep(ms: 60000) }"}`, `level=WARN msg="request failed" ID path=/graphql kind=query` + hash + node + ` status=504 code=TIMEOUT bytes=\d+ took=\S+` + called + ` cause=`, nil},
		{`{"id":"none"}`, `level=INFO msg="request failed" ID path=/graphql status=404 code=PERSISTED_QUERY_NOT_IN_LIST`, nil},
		{`{"query":"query Q { counter }","operationName":"a\nb` + strings.Repeat("x", 200) + `"}`, `ID path=/graphql name="a\\nbx{125}" hash`, nil},
		{`[{"query":"{ counter }"},{"query":"{ hello }"},1]`, `level=INFO msg="request failed" ID path=/graphql status=200 code=BAD_REQUEST`, nil},
		{`[{"query":"{ counter }"},{"query":"query B { counter }"},1]`, `level=INFO msg=request ID path=/graphql kind=query name=B` + hash + node + ` status=200`, nil},
	} {
		id := fmt.Sprintf("operation-%d", i)
		if header := append(c.header, "X-Request-Id", id); strings.Contains(c.want, "TIMEOUT") {
			g.timedOut(t, sleeper, c.body, header...)
		} else {
			g.post(t, c.body, header...)
		}
		line := regexp.MustCompile(strings.Replace(c.want, "ID", "request_id="+id, 1))
		if log := g.log.String(); !line.MatchString(log) {
			t.Errorf("no %s in\n%s", line, log)
		}
	}
	if text := g.log.String(); strings.Contains(text, "counter }") {
		t.Error("the log has a document")
	}
}

// The line of an operation says that its node has prepared it, also if it failed.
func TestPreparedOperationInTheLog(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    prepare: on")+"log: {access: 1, fields: [request_id, prepared, code]}\n")
	sleeping := func(ms int) string {
		return fmt.Sprintf(`{"query":"query($ms: Int!) { sleep(ms: $ms) }","variables":{"ms":%d}}`, ms)
	}
	send := func(id string) string {
		g.post(t, sleeping(0), "X-Request-Id", id)
		return strings.Join(g.log.Lines("request_id="+id), "")
	}
	if line := send("request-first"); strings.Contains(line, "prepared=") || !strings.Contains(line, "code=OK") {
		t.Error(line)
	}
	n := 0
	eventually(t, "the line says that the operation was prepared", func() bool {
		n++
		return strings.Contains(send(fmt.Sprintf("request-again-%d", n)), "prepared=true code=OK")
	})
	g.timedOut(t, node, sleeping(3600000), "X-Request-Id", "request-last")
	if len(g.log.Lines("request_id=request-last", "prepared=true code=TIMEOUT")) == 0 {
		t.Error(g.log.Lines("request_id=request-last"))
	}
}

// A reload changes which requests have a line.
func TestReloadOfTheAccessLog(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	g.query(t, `query Before { counter }`)
	g.configure(t, configFor(epmd)+"log: {access: 1, fields: [name]}\n")
	eventually(t, "a line", func() bool {
		g.query(t, `query After { counter }`)
		return strings.Contains(g.log.String(), "level=INFO msg=request name=After\n")
	})
	if lines := g.log.Lines("level=INFO", "name=Before"); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
}
