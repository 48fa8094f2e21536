package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// runningDemo is `louche demo` until its test ends, with the schema of its nodes.
type runningDemo struct {
	*running
	banner string // its output
}

func startDemo(t *testing.T) runningDemo {
	t.Helper()
	cmd := command(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var banner strings.Builder
	for lines := bufio.NewScanner(stdout); !strings.Contains(banner.String(), "Stop with"); fmt.Fprintln(&banner, lines.Text()) {
		if !lines.Scan() {
			t.Fatalf("the demo ended:\n%s", &banner)
		}
	}
	address := func(path string) string {
		return regexp.MustCompile(`http://[\d.:]+` + path).FindString(banner.String())
	}
	demo := runningDemo{
		running: &running{url: strings.TrimSuffix(address("/graphql"), "/graphql"), admin: strings.TrimSuffix(address("/console/"), "/console/")},
		banner:  banner.String(),
	}
	eventually(t, "the schema of the nodes is known", func() bool { return demo.answers("/schema.graphql") })
	return demo
}

// The demo runs three nodes and a gateway that finds them.
func TestDemo(t *testing.T) {
	g := startDemo(t)
	nodes := []string{"gearbox-01J8ZC4T", "gearbox-01J8ZC9M", "gearbox-01J8ZCEQ"}
	answered := make(map[string]bool)
	eventually(t, "all three nodes have answered", func() bool {
		_, answer := g.post(t, `{"query":"{ backend }"}`)
		if name := regexp.MustCompile(`gearbox-01J8\w+@127.0.0.1`).FindString(answer); name != "" {
			answered[name] = true
		}
		return len(answered) == len(nodes)
	})
	if status, text := sdl(t, g.admin+"/schema.graphql"); status != 200 || !strings.Contains(text, "scalar Decimal") {
		t.Errorf("their schema: %d %s", status, text)
	}
	for user, want := range map[string]string{"42": `"id":"42"`, "7": `"id":"7"`} {
		status, answer := g.post(t, `{"query":"{ session { user { id name email } } }"}`, "X-User-Id", user)
		if status != 200 || !strings.Contains(answer, want) {
			t.Errorf("user %s: %d %s", user, status, answer)
		}
	}
	status, answer := g.post(t, `{"query":"{ session { user { id } } }"}`)
	if status != 200 || !strings.Contains(answer, `"user":null`) || !strings.Contains(answer, "unauthenticated") {
		t.Errorf("anonymous: %d %s", status, answer)
	}
	if first, _, _ := strings.Cut(g.banner, "\n"); !strings.Contains(first, g.url+"/graphql ") {
		t.Errorf("the first line of the demo: %q", first)
	}
	for _, want := range append(nodes, g.admin+"/console/", "curl") {
		if !strings.Contains(g.banner, want) {
			t.Errorf("the banner has no %q:\n%s", want, g.banner)
		}
	}
	// The URLs and the query of the banner work.
	for _, url := range regexp.MustCompile(`http://[^\s:]+:\d+/\S*[^\s:.]`).FindAllString(g.banner, -1) {
		if status, text := sdl(t, url+"?query={backend}"); status != 200 {
			t.Errorf("GET %s: %d %s", url, status, text)
		}
	}
	query, _, _ := strings.Cut(g.banner[strings.Index(g.banner, "{ backend"):], "\n")
	if status, answer := g.query(t, query); status != 200 || strings.Contains(answer, "errors") {
		t.Errorf("%s: %d %s", query, status, answer)
	}
}

// The subscription that the demo prints gets the order of the command below it.
func TestDemoSubscription(t *testing.T) {
	g := startDemo(t)
	printed := func(pattern string) string {
		match := regexp.MustCompile(pattern).FindStringSubmatch(g.banner)
		if match == nil {
			t.Fatalf("no %s in\n%s", pattern, g.banner)
		}
		return match[1]
	}
	subscription := fmt.Sprintf(`{"query":%q}`, printed(`Run (subscription .*) in GraphiQL`))
	order := printed(`-d '(.*)'`)
	s := g.stream(t, subscription)
	for i := range 40 { // more than the node may send without being given credit
		if status, answer := g.post(t, order, "X-User-Id", "42"); status != 200 || strings.Contains(answer, "errors") {
			t.Fatalf("order %d: %d %s", i, status, answer)
		}
		if event := s.next(t); !strings.HasPrefix(event, `next {"data":{"orderChanged":{"id":"o`) || !strings.Contains(event, `"placedBy":{"name":"`) {
			t.Fatalf("order %d: %s", i, event)
		}
	}
	if event := g.stream(t, `{"query":"subscription { nothing }"}`).next(t); !strings.HasPrefix(event, `next {"errors":[`) {
		t.Errorf("an unknown field: %s", event)
	}
}

// localPage sends a query with a header of its own, as the user's frontend does in
// development, and reports the answer.
const localPage = `<!doctype html><script>
fetch(%q, {method: "POST", headers: {"Content-Type": "application/json", "X-User-Id": "42"}, body: '{"query":"{ session { user { id } } }"}'})
  .then(r => r.text(), e => "" + e)
  .then(answer => fetch("/report", {method: "POST", body: JSON.stringify({answer})}));
</script>`

// In a browser, a page of another loopback port uses the demo. Pages of other hosts do not,
// and neither do loopback pages use a gateway without cors.
func TestPagesUseTheDemo(t *testing.T) {
	demo := startDemo(t)
	page := fmt.Sprintf(localPage, demo.url+"/graphql")
	origin, reports := site(t, &page)
	browse(t, origin)
	if answer := report(t, reports)["answer"]; answer != `{"data":{"session":{"user":{"id":"42"}}}}` {
		t.Errorf("the page got %s", answer)
	}
	serve := launch(t, configFor(beamtest.StartEPMD(t)))
	for _, c := range []struct {
		gateway *running
		origin  string
		allowed bool
	}{
		{demo.running, "http://localhost:5173", true},
		{demo.running, "https://127.0.0.1:3000", true},
		{demo.running, "http://[::1]:3000", true},
		{demo.running, "http://localhost.example.com", false},
		{demo.running, "http://192.0.2.1:3000", false},
		{demo.running, "null", false},
		{serve, "http://localhost:5173", false},
		{serve, origin, false},
	} {
		request, _ := http.NewRequest("OPTIONS", c.gateway.url+"/graphql", nil)
		request.Header.Set("Origin", c.origin)
		request.Header.Set("Access-Control-Request-Method", "POST")
		request.Header.Set("Access-Control-Request-Headers", "content-type")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := ""
		if c.allowed {
			want = c.origin
		}
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s at %s: allowed is %q, want %q", c.origin, c.gateway.url, got, want)
		}
	}
}
