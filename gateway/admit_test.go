package gateway

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/auth"
)

const (
	operatorToken = "0123456789abcdef"
	adminURL      = "http://127.0.0.1:4401"
)

func TestOperatorsShowTheirToken(t *testing.T) {
	app := unreachableApp(t, auth.ContextConfig{})
	app.Contract = contractOf(t, ContractConfig{SDL: "admin"}, true, `type Query { secretField: Int }`)
	g := gatewayOf(app)
	h := g.Admin()
	clients := 0
	asked := func(method, path string, authorization ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, adminURL+path, nil)
		clients++
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", clients) // each of its own
		for _, value := range authorization {
			r.Header.Add("Authorization", value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := asked("GET", "/status"); w.Code != 200 {
		t.Errorf("without a token to show: %d", w.Code)
	}
	g.Admit(operatorToken)
	for _, path := range []string{"/status", "/metrics", "/usage", "/schema.graphql", "/graphql/schema.graphql", "/debug/pprof/", "/elsewhere"} {
		for name, shown := range map[string][]string{
			"nothing":       nil,
			"another":       {"Bearer 0123456789abcdeX"},
			"the beginning": {"Bearer 0123456789abcde"},
			"more":          {"Bearer 0123456789abcdefg"},
			"none":          {"Bearer "},
			"Basic":         {"Basic 0123456789abcdef"},
			"bare":          {operatorToken},
		} {
			w := asked("GET", path, shown...)
			if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Bearer realm="louche operators"` || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "secretField") {
				t.Errorf("%s with %s: %d %v %s", path, name, w.Code, w.Header(), w.Body)
			}
		}
	}
	for path, want := range map[string]int{"/status": 200, "/metrics": 200, "/schema.graphql": 200, "/debug/pprof/": 404, "/elsewhere": 404} {
		if w := asked("GET", path, "bearer "+operatorToken); w.Code != want {
			t.Errorf("%s with the token: %d", path, w.Code)
		}
	}
	if w := asked("POST", "/nodes/a@b/drain"); w.Code != 401 {
		t.Errorf("drain without the token: %d", w.Code)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		if w := asked("GET", path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	g.Admit("fedcba9876543210")
	if w := asked("GET", "/status", "Bearer "+operatorToken); w.Code != 401 {
		t.Errorf("with the former token: %d", w.Code)
	}
	if w := asked("GET", "/status", "Bearer fedcba9876543210"); w.Code != 200 {
		t.Errorf("with the new token: %d", w.Code)
	}
}

// A page of a site whose name comes to mean this machine's address reads nothing and
// drains no node.
func TestOperatorsAskByAddress(t *testing.T) {
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
	g.Admit(operatorToken)
	if got := status("GET", "louche.internal:4401", "/status", "Authorization", "Bearer "+operatorToken); got != 200 {
		t.Errorf("with the token, by a name: %d", got)
	}
}

// Each kind of refusal is logged, without the token.
func TestRefusedOperatorsAreLogged(t *testing.T) {
	var log bytes.Buffer
	var limits Limits
	limits.SetDefaults()
	g := New(nil, limits, []*App{unreachableApp(t, auth.ContextConfig{})}, slog.New(slog.NewTextHandler(&log, nil)))
	ask := func(method, url string, header ...string) {
		t.Helper()
		log.Reset()
		r := httptest.NewRequest(method, url, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		g.Admin().ServeHTTP(w, r)
		if text := log.String(); w.Code < 400 || strings.Count(text, "request of an operator refused") != 1 || !strings.Contains(text, "192.0.2.1:1234") || strings.Contains(text, "wrong-token") {
			t.Errorf("%s %s: %d, %s", method, url, w.Code, text)
		}
	}
	ask("GET", "http://rebound.example:4401/status")
	ask("POST", adminURL+"/nodes/a@b/drain", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	g.Admit(operatorToken)
	ask("GET", adminURL+"/status")
	for range guessBurst + 1 {
		ask("GET", adminURL+"/status", "Authorization", "Bearer wrong-token-wrong-token")
	}
}

// The right token is no help to a client that guesses, until it has waited.
func TestTokensCannotBeGuessedQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
		g.Admit(operatorToken)
		h := g.Admin()
		ask := func(client, token string) *httptest.ResponseRecorder {
			r, w := httptest.NewRequest("GET", adminURL+"/status", nil), httptest.NewRecorder()
			r.RemoteAddr = client
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			h.ServeHTTP(w, r)
			return w
		}
		const guesser, neighbour, operator = "[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8:0:1::1]:3"
		for i := range guessBurst {
			if w := ask(guesser, fmt.Sprintf("wrong-token-number-%d", i)); w.Code != 401 {
				t.Fatalf("guess %d: %d", i, w.Code)
			}
			if w := ask(guesser, ""); w.Code != 401 {
				t.Fatalf("no token: %d", w.Code)
			}
		}
		for client, want := range map[string]int{guesser: 429, neighbour: 429, operator: 200} {
			if w := ask(client, operatorToken); w.Code != want || (want == 429) != (w.Header().Get("Retry-After") == "1") {
				t.Errorf("%s with the right token: %d %v", client, w.Code, w.Header())
			}
		}
		time.Sleep(guessInterval)
		for range 20 { // right tokens do not count
			if w := ask(guesser, operatorToken); w.Code != 200 {
				t.Fatalf("after the interval: %d", w.Code)
			}
		}
	})
}

func TestCheckToken(t *testing.T) {
	for token, fine := range map[string]bool{
		operatorToken:                    true,
		operatorToken[1:]:                false,
		"":                               false,
		"two words, and more of them":    false,
		"line one of it\nline two of it": false,
		"schlüsselschlüssel":             false,
	} {
		err := CheckToken(token)
		if (err == nil) != fine || err != nil && token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// Nothing of Go's own is served: profiles tell what is in memory.
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
