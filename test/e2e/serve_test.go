package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/test/beamtest"
)

// value decodes JSON. Numbers of any size compare as numbers.
func value(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return exact(v)
}

func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return r.String()
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = exact(v[key])
		}
	}
	return v
}

func TestFailingOperations(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for document, want := range map[string]struct {
		status int
		code   string
		cause  string // in the gateway's log, a regular expression
	}{
		`{ raise(message: \"a secret\") }`: {500, "INTERNAL", "a secret"},
		`{ throw }`:                        {500, "INTERNAL", "throw"},
		`{ exit }`:                         {500, "INTERNAL", "leaving"},
		`{ kill }`:                         {500, "INTERNAL", "killed"},
		`{ badTerm }`:                      {500, "INTERNAL", "badTerm"},
		`{ sleep(ms: 3600000) }`:           {504, "TIMEOUT", `call on testapp@127\.0\.0\.1: (in TestApp\.Fields\.sleep/1 \(\S+fields\.exs:\d+\): )?context deadline exceeded`},
	} {
		t.Run(document, func(t *testing.T) {
			ask := g.post
			if want.code == "TIMEOUT" {
				ask = func(t testing.TB, body string, header ...string) (int, string) {
					return g.timedOut(t, node, body, header...)
				}
			}
			status, answer := ask(t, `{"query":"`+document+`"}`, "X-Request-Id", "id-of-"+want.code)
			if status != want.status || code(t, answer) != want.code {
				t.Errorf("%d %s", status, answer)
			}
			for _, secret := range []string{"secret", "Error", "127.0.0.1", "stack"} {
				if strings.Contains(answer, secret) {
					t.Errorf("the client sees %q in %s", secret, answer)
				}
			}
			if log := g.log.String(); !regexp.MustCompile(want.cause).MatchString(log) || !strings.Contains(log, "id-of-"+want.code) {
				t.Errorf("the log holds neither cause nor request id:\n%s", log)
			}
		})
	}
	node.WaitOutput(t, "killed") // a monitor saw the end of the sleeping process
}

// The output of a resolver is in the application's log, as with a local call.
func TestResolversLogAndPrintInTheirOwnApplication(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    timeout: 1m"))
	if status, answer := g.query(t, `{ log(message: "a line of Logger") print(message: "a line of IO.puts") }`); status != 200 {
		t.Fatal(status, answer)
	}
	node.WaitOutput(t, " a line of Logger")
	node.WaitOutput(t, "a line of IO.puts")
}

func TestGatewayIsHidden(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	startGateway(t, configFor(epmd))
	if got := node.Eval(t, "{Node.list(), Node.list(:hidden)}"); got != `{[], [:"louche@127.0.0.1"]}` {
		t.Error(got)
	}
}

// Results up to limits.answer are complete, for all sizes of fragments.
func TestLargeAnswer(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    timeout: 1h"))
	for _, mebibytes := range []int{33, 63} {
		status, answer := g.query(t, fmt.Sprintf(`{ large(bytes: %d) }`, mebibytes<<20))
		if status != 200 || strings.Count(answer, strings.Repeat("x", 1024)) != mebibytes<<10 {
			t.Errorf("%d MiB: status %d, %d bytes", mebibytes, status, len(answer))
		}
	}
}

func TestManyCallers(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	var callers sync.WaitGroup
	for i := range 1000 {
		callers.Go(func() {
			text := "caller " + strconv.Itoa(i)
			status, answer := g.post(t, fmt.Sprintf(`{"query":"query ($t: String) { echoText(text: $t) }","variables":{"t":"%s"}}`, text))
			if status != 200 || !strings.Contains(answer, `"`+text+`"`) {
				t.Errorf("%s got %d %s", text, status, answer)
			}
		})
	}
	callers.Wait()
}

// read_timeout applies to the arrival of requests, not to operations.
func TestReadTimeout(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"limits: {read_timeout: 1s}\n")
	if status, answer := g.query(t, `{ sleep(ms: 1500) }`); status != 200 {
		t.Errorf("an operation that takes longer: %d %s", status, answer)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	answer, _ := io.ReadAll(conn)
	if !bytes.Contains(answer, []byte("408 Request Timeout")) || !bytes.Contains(answer, []byte("REQUEST_TIMEOUT")) {
		t.Errorf("a body that does not arrive is answered with %q", answer)
	}
}

// When a client leaves, its process on the node ends about as fast as a query. The test
// compares the shortest of several times, since the machine may be busy.
func TestClientThatLeaves(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	query, gone := time.Hour, time.Hour
	for range 5 {
		began := time.Now()
		g.query(t, `{ hello }`)
		query = min(query, time.Since(began))
		gone = min(gone, leave(t, g, node))
	}
	t.Logf("gone after %v, a query takes %v", gone, query)
	if gone > 50*query {
		t.Errorf("processes were gone only after %v, where a query takes %v", gone, query)
	}
}

// leave starts an operation, closes the connection, and returns the time until a monitor on
// the node sees the process end.
func leave(t *testing.T, g *running, node *beamtest.Node) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", strings.NewReader(sleep))
	req.Header.Set("Content-Type", "application/json")
	sleeper := regexp.MustCompile(`sleeping (.+)\n`)
	asleep := len(sleeper.FindAllString(node.Output(), -1))
	left := make(chan error)
	go func() {
		_, err := http.DefaultClient.Do(req)
		left <- err
	}()
	var sleepers [][]string
	eventually(t, "the resolver sleeps", func() bool {
		sleepers = sleeper.FindAllStringSubmatch(node.Output(), -1)
		return len(sleepers) > asleep
	})
	pid := sleepers[asleep][1]
	began := time.Now()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	node.WaitOutput(t, "gone "+pid+" killed")
	return time.Since(began)
}

// An EPMD lists the nodes of every application on its host.
func TestOtherPrefixesAreNotCalled(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	mine := beamtest.StartNode(t, beamtest.Options{Name: "testapp-01ABC@127.0.0.1", EPMDPort: epmd})
	other := beamtest.StartNode(t, beamtest.Options{Name: "other-01ABC@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for range 10 {
		if status, answer := g.query(t, `{ counter }`); status != 200 {
			t.Fatal(status, answer)
		}
	}
	if got := mine.Eval(t, "Node.list(:hidden)"); got != `[:"louche@127.0.0.1"]` {
		t.Error("not connected:", got)
	}
	if got := other.Eval(t, "Node.list(:hidden)"); got != `[]` {
		t.Error("connected:", got)
	}
}

// All requests to a node that dies get a response.
func TestNodeDiesDuringCalls(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    timeout: 1h"))
	var callers sync.WaitGroup
	codes := make(chan string, 100)
	for range 100 {
		callers.Go(func() {
			_, answer := g.query(t, `{ sleep(ms: 3600000) }`)
			codes <- code(t, answer)
		})
	}
	eventually(t, "all calls run", func() bool { return strings.Count(node.Output(), "sleeping ") == 100 })
	node.Kill()
	callers.Wait()
	if g.log.Lines("node down", erldist.ErrTickTimeout.Error()) != nil {
		t.Error("callers waited for the tick time")
	}
	close(codes)
	for code := range codes {
		if code != "NODE_DOWN" {
			t.Errorf("a caller got %q", code)
		}
	}
	// Later requests get 503 with Retry-After.
	eventually(t, "the node counts as gone", func() bool {
		_, answer := g.query(t, `{ counter }`)
		return code(t, answer) == "NO_NODE_AVAILABLE"
	})
	// When the node returns, requests succeed without a restart of the gateway.
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	eventually(t, "the node is called again", func() bool {
		status, _ := g.query(t, `{ counter }`)
		return status == 200
	})
}

// A shortened timeout returns in time, and kills the process.
func TestTimeoutOfTheClient(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    timeout: 1m"))
	status, answer := g.timedOut(t, node, sleep)
	if status != 504 || code(t, answer) != "TIMEOUT" {
		t.Errorf("%d %s", status, answer)
	}
	node.WaitOutput(t, "gone ")
}

// Refused requests do not reach the node: its counter does not change.
func TestBadInputReachesNoNode(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    context: {current_user_id: {header: X-User-Id, type: integer}}"))
	for _, bad := range []struct {
		body   string
		header []string
		status int
	}{
		{body: `{"query":"{ counter }"`, status: 400},
		{body: `[{"query":"{ counter }"}`, status: 400},
		{body: `{"query":"{ counter }","variables":[]}`, status: 400},
		{body: `{"query":"{ counter }","variables":{"a":"\udc00"}}`, status: 400},
		{body: `{"query":"{ counter }","variables":{"a":1e999}}`, status: 400},
		{body: `{"query":"{ counter }","operationName":1}`, status: 400},
		{body: "{\"query\":\"{ counter }\",\"operationName\":\"\xff\"}", status: 400},
		{body: `{"query":"{ counter }","x":"` + strings.Repeat("x", 1<<20) + `"}`, status: 413},
		{body: `{"query":"{ counter }"}`, header: []string{"X-User-Id", "42x"}, status: 400},
		{body: `{"query":"{ counter }"}`, header: []string{"X-User-Id", "1", "X-User-Id", "2"}, status: 400},
		{body: `{"query":"{ counter }"}`, header: []string{"Content-Type", "text/plain"}, status: 415},
		{body: `{"query":"{ counter }"}`, header: []string{"X-Request-Timeout", "soon"}, status: 400},
		{body: `{"query":"{ counter }"}`, header: []string{"Accept", "text/html"}, status: 406},
		{body: `{"query":"{ counter }"}`, header: []string{"Content-Encoding", "gzip"}, status: 415},
	} {
		status, answer := g.post(t, bad.body, bad.header...)
		if status != bad.status || code(t, answer) == "" {
			t.Errorf("%.60s: %d %s", bad.body, status, answer)
		}
	}
	cutOff(t, g)
	if _, answer := g.query(t, `{ counter }`); answer != `{"data":{"counter":1}}` {
		t.Errorf("the node was asked before: %s", answer)
	}
}

// cutOff sends a request whose body is shorter than its Content-Length.
func cutOff(t *testing.T, g *running) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"query":"{ counter }"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body)
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	if !bytes.Contains(answer, []byte("400 Bad Request")) || !bytes.Contains(answer, []byte("BAD_REQUEST")) {
		t.Errorf("a body that is cut off is answered with %q", answer)
	}
}

// A stopping gateway finishes requests in flight, and refuses new connections.
func TestShutdownFinishesRequests(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	answered := g.async(t, sleep)
	node.WaitOutput(t, "sleeping ")
	stopped := make(chan error)
	go func() { stopped <- g.stop() }()
	g.waitClosed(t)
	node.Wake(t)
	if answer := <-answered; answer != `{"data":{"sleep":true}}` {
		t.Errorf("the request in flight got %s", answer)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// Operations that outlive shutdown_grace end on the node as well.
func TestShutdownKillsOperations(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"shutdown_grace: 100ms\n")
	g.cutOff = true
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			resp, err := http.Post(g.url+"/graphql", "application/json", strings.NewReader(sleep))
			if err == nil {
				resp.Body.Close()
			}
		})
	}
	eventually(t, "all calls run", func() bool { return strings.Count(node.Output(), "sleeping ") == 8 })
	if err := g.stop(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("serve ended with %v", err)
	}
	callers.Wait()
	eventually(t, "all processes are gone", func() bool { return strings.Count(node.Output(), "killed") == 8 })
}
