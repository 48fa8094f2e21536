package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

const contextText = `{"query":"{ contextText }"}`

// A changed file is loaded while requests are in flight. They finish with the configuration
// that they began with.
func TestReload(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	const limits = "limits: {read_timeout: 1h}\n"
	g := startGateway(t, configFor(epmd, "    timeout: 1h", "    context: {tenant: {value: first}}")+limits)
	slow := g.async(t, `{"query":"{ sleep(ms: 3600000) contextText }"}`)
	node.WaitOutput(t, "sleeping ")
	body := `{"query":"{ contextText }"}`
	begun := begin(t, g, len(body))

	g.configure(t, configFor(epmd, "    timeout: 1h", "    context: {tenant: {value: second}}")+limits)
	eventually(t, "requests have the new context", func() bool {
		status, answer := g.post(t, contextText)
		if status != 200 {
			t.Fatalf("during the reload: %d %s", status, answer)
		}
		return strings.Contains(answer, "second")
	})
	g.configure(t, configFor(epmd, "    timeout: 100ms", "    context: {tenant: {value: second}}")+limits)
	eventually(t, "another reload", func() bool { return strings.Count(g.log.String(), "configuration reloaded") == 2 })
	if status, answer := g.query(t, `{ sleep(ms: 3600000) }`); status != 504 {
		t.Errorf("with a shorter timeout: %d %s", status, answer)
	}
	node.Wake(t)
	if answer := <-slow; !strings.Contains(answer, `"sleep":true`) || !strings.Contains(answer, "first") {
		t.Errorf("the request that began before the reload got %s", answer)
	}
	if answer := begun(body); !strings.Contains(answer, "first") {
		t.Errorf("the request that had come half before the reload got %s", answer)
	}
	if n := strings.Count(g.log.String(), "node up"); n != 1 {
		t.Errorf("the node was connected to %d times", n)
	}
}

// begin sends a request without its body, and returns when the gateway reads the body.
// finish sends the body and returns the response.
func begin(t *testing.T, g *running, length int) (finish func(body string) string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReader(conn)
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", length)
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("%v, %v", resp, err)
	}
	return func(body string) string {
		io.WriteString(conn, body)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return string(answer)
	}
}

func TestReloadOfABadFile(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    context: {tenant: {value: first}}"))
	for _, bad := range []struct{ yaml, reason string }{
		{"apps: [", "louche.yaml:4:7: "},
		{configFor(epmd, "    timeoutt: 1s"), "timeoutt"},
		{configFor(epmd, "    timeout: -1s"), "timeout is negative"},
	} {
		g.configure(t, bad.yaml)
		eventually(t, "the file is refused", func() bool {
			_, refusal, found := strings.Cut(g.log.String(), "configuration refused, the former one stays")
			return found && strings.Contains(refusal, bad.reason)
		})
		if status, answer := g.post(t, contextText); status != 200 || !strings.Contains(answer, "first") {
			t.Errorf("with a bad file: %d %s", status, answer)
		}
	}
}

// A reload adds and removes applications. The log names the keys that need a restart.
func TestReloadOfApplications(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	hello := `{"query":"{ counter }"}`

	second := strings.Replace(configFor(epmd, "    path: /second"), "louche@", "other@", 1)
	g.configure(t, second)
	eventually(t, "the second application is served", func() bool {
		status, _ := g.postTo(t, "/second", hello)
		return status == 200
	})
	if status, _ := g.post(t, hello); status != 404 {
		t.Errorf("the first application answers with %d", status)
	}
	if log := g.log.String(); !strings.Contains(log, "after a restart only") || !strings.Contains(log, "keys=[node]") {
		t.Errorf("the log does not say that the node's name stays:\n%s", log)
	}
}

// The log compares these keys with those of the start. shutdown_grace is that of the last
// reload.
func TestReloadOfShutdownGrace(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"shutdown_grace: 1ms\n")
	g.configure(t, configFor(epmd)+"shutdown_grace: 1m\nlimits: {header: 10000}\n")
	eventually(t, "a reload", func() bool { return strings.Contains(g.log.String(), "keys=[limits.header]") })
	g.configure(t, configFor(epmd)+"shutdown_grace: 1m\n")
	eventually(t, "another reload", func() bool { return strings.Count(g.log.String(), "configuration reloaded") == 2 })
	if n := strings.Count(g.log.String(), "after a restart only"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, g.log)
	}
	answered := g.async(t, sleep)
	node.WaitOutput(t, "sleeping ")
	g.begin()
	g.waitClosed(t)
	node.Wake(t)
	if answer := <-answered; answer != `{"data":{"sleep":true}}` {
		t.Errorf("the request in flight got %s", answer)
	}
}

// /readyz fails first, and requests are served meanwhile.
func TestShutdownTellsLoadBalancersFirst(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for delay := 2 * time.Second; !isServedWhileStopping(t, epmd, delay); delay *= 2 {
		t.Logf("a delay of %v is over too soon on this machine", delay)
	}
}

// isServedWhileStopping checks what a gateway answers in its shutdown_delay. It reports false
// if the delay was over before the answers.
func isServedWhileStopping(t *testing.T, epmd int, delay time.Duration) (within bool) {
	g := startGateway(t, fmt.Sprintf("shutdown_delay: %v\n", delay)+configFor(epmd))
	ask := func(url string) (status int, closes bool) {
		resp, err := http.Get(url)
		if err != nil {
			return 0, false
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Close
	}
	if status, closes := ask(g.url + "/readyz"); status != 200 || closes {
		t.Errorf("before: %d, closes: %v", status, closes)
	}
	began := time.Now()
	g.begin()
	eventually(t, "it is not ready", func() bool { status, _ := ask(g.url + "/readyz"); return status != 200 })
	clients, _ := ask(g.url + "/readyz")
	operators, _ := ask(g.admin + "/readyz")
	answered, closes := 0, false
	resp, err := http.Post(g.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ counter }"}`))
	if err == nil {
		resp.Body.Close()
		answered, closes = resp.StatusCode, resp.Close
	}
	if time.Since(began) >= delay {
		g.stop()
		return false
	}
	if clients != 503 || operators != 503 || answered != 200 || !closes {
		t.Errorf("clients are told %d, operators %d; a request is answered with %d, closes the connection: %v; %v", clients, operators, answered, closes, err)
	}
	return true
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}
