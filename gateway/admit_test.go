package gateway

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/contract"
)

const (
	operatorToken = "0123456789abcdef"
	adminURL      = "http://127.0.0.1:4401"
)

func TestOperatorsSendTheirToken(t *testing.T) {
	app := unreachableApp(t, auth.ContextConfig{})
	app.Contract = testContract(t, contract.Config{SDL: "admin"}, `type Query { secretField: Int }`)
	g := gatewayOf(app)
	h := g.Admin()
	clients := 0
	ask := func(method, path string, authorization ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, adminURL+path, nil)
		clients++
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", clients) // a different one for each request
		for _, value := range authorization {
			r.Header.Add("Authorization", value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := ask("GET", "/status"); w.Code != 200 {
		t.Errorf("without a configured token: %d", w.Code)
	}
	g.SetAdminToken(operatorToken)
	for _, path := range []string{"/status", "/metrics", "/usage", "/schema.graphql", "/graphql/schema.graphql", "/debug/pprof/", "/elsewhere"} {
		for name, sent := range map[string][]string{
			"no header":         nil,
			"another token":     {"Bearer 0123456789abcdeX"},
			"its beginning":     {"Bearer 0123456789abcde"},
			"a longer one":      {"Bearer 0123456789abcdefg"},
			"an empty one":      {"Bearer "},
			"Basic":             {"Basic 0123456789abcdef"},
			"it without Bearer": {operatorToken},
		} {
			w := ask("GET", path, sent...)
			if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Bearer realm="louche operators"` || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "secretField") {
				t.Errorf("%s with %s: %d %v %s", path, name, w.Code, w.Header(), w.Body)
			}
		}
	}
	for path, want := range map[string]int{"/status": 200, "/metrics": 200, "/schema.graphql": 200, "/debug/pprof/": 404, "/elsewhere": 404} {
		if w := ask("GET", path, "bearer "+operatorToken); w.Code != want {
			t.Errorf("%s with the token: %d", path, w.Code)
		}
	}
	if w := ask("POST", "/nodes/a@b/drain"); w.Code != 401 {
		t.Errorf("drain without the token: %d", w.Code)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		if w := ask("GET", path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	g.SetAdminToken("fedcba9876543210")
	if w := ask("GET", "/status", "Bearer "+operatorToken); w.Code != 401 {
		t.Errorf("with the former token: %d", w.Code)
	}
	if w := ask("GET", "/status", "Bearer fedcba9876543210"); w.Code != 200 {
		t.Errorf("with the new token: %d", w.Code)
	}
}

// A page of a site whose name resolves to the address of this machine (DNS rebinding) reads
// nothing and drains no node.
func TestOperatorsUseAddressAsHost(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
	status := func(method, host, path string, header ...string) int {
		r := httptest.NewRequest(method, path, nil)
		r.Host = host
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		g.Admin().ServeHTTP(w, r)
		return w.Code
	}
	for host, want := range map[string]int{
		"127.0.0.1:4401": 200, "127.0.0.1": 200, "[::1]:4401": 200, "localhost:4401": 200, "LOCALHOST": 200,
		"": 403, "rebound.example": 403, "rebound.example:4401": 403, "127.0.0.1.rebound.example": 403, "localhost.rebound.example:4401": 403, "localhost@rebound.example": 403,
	} {
		if got := status("GET", host, "/status"); got != want {
			t.Errorf("%q: %d", host, got)
		}
	}
	if got := status("POST", "rebound.example:4401", "/nodes/a@b/drain", "Origin", "http://rebound.example:4401", "Sec-Fetch-Site", "same-origin"); got != 403 {
		t.Errorf("drain: %d", got)
	}
	if got := status("GET", "rebound.example", "/healthz"); got != 200 {
		t.Errorf("/healthz: %d", got)
	}
	g.SetAdminToken(operatorToken)
	if got := status("GET", "louche.internal:4401", "/status", "Authorization", "Bearer "+operatorToken); got != 200 {
		t.Errorf("with the token, by name: %d", got)
	}
}

// Go's debug pages are not served: profiles show what is in memory.
func TestNoDebug(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
	for _, path := range []string{"/debug", "/debug/", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		w, o := httptest.NewRecorder(), httptest.NewRecorder()
		g.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		g.Admin().ServeHTTP(o, httptest.NewRequest("GET", adminURL+path, nil))
		if w.Code != 404 || o.Code != 404 {
			t.Errorf("%s: %d for clients, %d for operators", path, w.Code, o.Code)
		}
	}
}

func TestNoSniff(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}, sharing(page)))
	for _, path := range []string{"/graphql?query={a}", "/healthz", "/elsewhere"} {
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: %q", path, got)
		}
	}
}
