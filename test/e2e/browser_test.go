package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// ownPage is the user's application: it has a cookie, sends a request, reports the result
// to its server, and opens another page.
const ownPage = `<!doctype html><script>
(async () => {
  document.cookie = "session=of the user; path=/";
  const ask = (headers, body) => fetch(%[1]q, {method: "POST", credentials: "include", headers, body})
    .then(async r => r.status + " " + r.headers.has("X-Request-Id") + " " + (await r.text()).slice(0, 40), e => "" + e);
  const tries = {};
  tries.JSON = await ask({"Content-Type": "application/json"}, '{"query":"{ counter }"}');
  tries.form = await ask({}, new URLSearchParams({query: "{ counter }"}));
  await fetch("/report", {method: "POST", body: JSON.stringify(tries)});
  location = %[2]q;
})();
</script>`

// otherPage tries every way to run { counter } with the user's cookie.
const otherPage = `<!doctype html><iframe name=frame></iframe>
<form method=POST target=frame action=%[1]q><input name=query value="{ counter }"></form>
<script>
(async () => {
  const tries = {}, json = '{"query":"{ counter }"}', link = %[1]q + "?query=" + encodeURIComponent("{ counter }");
  const attempt = (name, url, options) => fetch(url, {credentials: "include", ...options})
    .then(r => { tries[name] = r.type; }, () => { tries[name] = "kept from it"; });
  const isJSON = {"Content-Type": "application/json"};
  await attempt("JSON", %[1]q, {method: "POST", headers: isJSON, body: json});
  await attempt("JSON and a header", %[1]q, {method: "POST", headers: {...isJSON, "X-Requested-With": "a"}, body: json});
  await attempt("JSON, as a form can be sent", %[1]q, {method: "POST", mode: "no-cors", headers: isJSON, body: json});
  await attempt("form", %[1]q, {method: "POST", mode: "no-cors", body: new URLSearchParams({query: "{ counter }"})});
  await attempt("GET", link, {mode: "no-cors"});
  await attempt("GET and a header", link, {headers: {"Apollo-Require-Preflight": "1"}});
  const done = target => new Promise(r => { target.onload = target.onerror = r; });
  const image = new Image();
  image.src = link;
  await done(image);
  document.forms[0].submit();
  await done(document.querySelector("iframe"));
  await fetch("/report", {method: "POST", body: JSON.stringify(tries)});
})();
</script>`

// site serves a page, and delivers the reports of the page.
func site(t *testing.T, page *string) (origin string, reports <-chan map[string]string) {
	t.Helper()
	told := make(chan map[string]string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			var report map[string]string
			json.NewDecoder(r.Body).Decode(&report)
			told <- report
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, *page)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, told
}

// browse opens a page in a new Chromium until the test ends.
func browse(t *testing.T, url string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no chromium: run testdata/install-browser")
	}
	profile, err := os.MkdirTemp("", "louche-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// The pages are the test's own, so Chromium needs no sandbox, which root and many
	// containers cannot have. Its own look-ups are off.
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile, url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		// Child processes may outlive it and still write files.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		eventually(t, "the browser's profile is gone", func() bool { return os.RemoveAll(profile) == nil })
	})
}

// In a real browser, a page of an allowed origin reads results and the reasons of refusals.
// A page of another origin runs nothing, even on the same site, where the browser attaches
// the cookie. Without CSRF prevention it does, which shows that its attempts are real.
func TestPagesInABrowser(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for _, prevention := range []bool{false, true} {
		t.Run(fmt.Sprintf("csrf_prevention: %v", prevention), func(t *testing.T) {
			var own, other string
			ownOrigin, ownReports := site(t, &own)
			otherOrigin, otherReports := site(t, &other)
			g := startGateway(t, configFor(epmd,
				"    forms: true",
				fmt.Sprintf("    csrf_prevention: %v", prevention),
				fmt.Sprintf("    cors: {origins: [%q], credentials: true}", ownOrigin)))
			target, err := url.Parse(g.url)
			if err != nil {
				t.Fatal(err)
			}
			// The proxy counts the requests with the cookie.
			var withCookie atomic.Int64
			proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				if strings.Contains(r.In.Header.Get("Cookie"), "session=") {
					withCookie.Add(1)
				}
				r.SetURL(target)
				r.Out.Host = r.In.Host
			}})
			t.Cleanup(proxy.Close)
			own, other = fmt.Sprintf(ownPage, proxy.URL+"/graphql", otherOrigin), fmt.Sprintf(otherPage, proxy.URL+"/graphql")
			count := func() (n int) {
				_, answer := g.query(t, `{ counter }`)
				if _, err := fmt.Sscanf(answer, `{"data":{"counter":%d}}`, &n); err != nil {
					t.Fatalf("%v in %s", err, answer)
				}
				return n
			}
			before := count()
			browse(t, ownOrigin)
			mine, theirs := report(t, ownReports), report(t, otherReports)
			ran := count() - before - 1

			if want := fmt.Sprintf(`200 true {"data":{"counter":%d}}`, before+1); mine["JSON"] != want {
				t.Errorf("the own page got %q, want %q", mine["JSON"], want)
			}
			if prevention && !strings.HasPrefix(mine["form"], "403 true ") {
				t.Errorf("the own page's form got %q", mine["form"])
			}
			for _, name := range []string{"JSON", "JSON and a header", "GET and a header"} {
				if theirs[name] != "kept from it" {
					t.Errorf("the other page's %s: %q", name, theirs[name])
				}
			}
			if got := withCookie.Load(); got < 6 {
				t.Errorf("%d requests had the cookie", got)
			}
			if prevention && ran != 1 || !prevention && ran < 4 {
				t.Errorf("%d operations were run: the own page's and %+v", ran, theirs)
			}
		})
	}
}

func report(t *testing.T, reports <-chan map[string]string) map[string]string {
	t.Helper()
	return waittest.Receive(t, "report of the page", reports)
}
