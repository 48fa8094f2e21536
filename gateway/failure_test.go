package gateway

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

func TestChallenge(t *testing.T) {
	nobody, refused := fmt.Errorf("%w: why", auth.ErrUnauthenticated), fmt.Errorf("%w: why", auth.ErrInvalidCredentials)
	for _, c := range []struct {
		err  error
		read []string
		want string
	}{
		{nobody, []string{"X-Api-Key", "Authorization"}, `Bearer realm="louche"`},
		{refused, []string{"Authorization"}, `Bearer realm="louche", error="invalid_token"`},
		{refused, []string{"X-Api-Key", "Cookie"}, ""},
		{nobody, nil, ""},
	} {
		name, value := challenge(c.err, c.read)[0], challenge(c.err, c.read)[1]
		if value != c.want || (name == "WWW-Authenticate") != (c.want != "") {
			t.Errorf("%v: %s: %s", c, name, value)
		}
	}
}

func TestForbidden(t *testing.T) {
	app := unreachableApp(t, nil)
	w := httptest.NewRecorder()
	failureOf(auth.ErrForbidden, app).write(w)
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	if f := failureOf(errors.Join(auth.ErrUnauthenticated), app); f.status != 401 {
		t.Errorf("%+v", f)
	}
}

// strangers refuses everybody, as where there are methods and a request has none.
func strangers(t *testing.T, app *App) {
	t.Helper()
	asking, err := auth.NewAuthenticator(auth.Config{Anonymous: "refuse"}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	app.Ask(asking)
}

// A client learns whether to send credentials or other credentials, and an operator
// why. The log does not hold the credentials.
func TestRefusalsAreLogged(t *testing.T) {
	app := unreachableApp(t, nil)
	keys := auth.Config{Anonymous: "refuse", Methods: []auth.MethodConfig{{APIKeys: &auth.APIKeysConfig{Header: "Authorization"}}}}
	a, err := auth.NewAuthenticator(keys, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	app.Ask(a)
	var limits Limits
	limits.SetDefaults()
	var log bytes.Buffer
	h := New(nil, limits, []*App{app}, slog.New(slog.NewTextHandler(&log, nil))).Handler()
	for _, c := range []struct{ authorization, message, cause string }{
		{"", "Authentication is required", "no credentials"},
		{"s3cr3t", "Authentication is required", "after the word Bearer"},
		{"Bearer s3cr3t", "are invalid or have expired", "invalid credentials"},
	} {
		log.Reset()
		r, w := post(`{"query":"{ a }"}`), httptest.NewRecorder()
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		h.ServeHTTP(w, r)
		if w.Code != 401 || !strings.Contains(w.Body.String(), c.message) {
			t.Errorf("%q: %d %s", c.authorization, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), c.cause) || strings.Contains(log.String(), "s3cr3t") {
			t.Errorf("%q: %s", c.authorization, &log)
		}
	}
}

// Who may not ask may not read what can be asked for.
func TestPublicSchemaIsForThoseWhoMayAsk(t *testing.T) {
	const sdl = `type Query { secretField: Int }`
	for name, c := range map[string]struct {
		context       auth.ContextConfig
		refuse        bool
		introspection string
		status        int
	}{
		"everybody":                      {nil, false, "", 200},
		"nobody without identity":        {nil, true, "", 401},
		"nobody without the context":     {auth.ContextConfig{"id": {Header: "X-User-Id", Required: true}}, false, "", 401},
		"nobody whom nothing identifies": {nil, false, "identified", 403},
	} {
		app := unreachableApp(t, nil, sharing(page))
		app.Config.DocumentLimits.Introspection = c.introspection
		var err error
		if app.Context, err = auth.NewContext(c.context, proxies); err != nil {
			t.Fatal(err)
		}
		app.Contract = contractOf(t, ContractConfig{SDL: "public"}, true, sdl)
		if c.refuse {
			strangers(t, app)
		}
		w := httptest.NewRecorder()
		gatewayOf(app).Handler().ServeHTTP(w, from(page, httptest.NewRequest("GET", "/graphql/schema.graphql", nil)))
		got := w.Header()
		if w.Code != c.status || strings.Contains(w.Body.String(), "secretField") != (c.status == 200) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got.Get("Access-Control-Allow-Origin") != page || !strings.Contains(got.Get("Vary"), "Origin") || c.status == 401 && got.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, got)
		}
		if got := preflight(gatewayOf(app).Handler(), "/graphql/schema.graphql", page, "GET", ""); got.Get("Access-Control-Allow-Origin") != page {
			t.Errorf("%s: its preflight: %v", name, got)
		}
	}
}

func TestUnauthenticatedOverCORS(t *testing.T) {
	app := unreachableApp(t, nil, sharing(page))
	strangers(t, app)
	w := httptest.NewRecorder()
	gatewayOf(app).Handler().ServeHTTP(w, from(page, post(`{"query":"{ a }"}`)))
	if w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") != page || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// Who lacks what an operation requires learns what that is, and whether to say who
// they are.
func TestFailuresOfPermission(t *testing.T) {
	a, err := auth.NewAuthenticator(auth.Config{Anonymous: "allow", Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Claims: map[string]any{"role": "secret"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who        *auth.Identity
		kind, name string
		status     int
		message    string
	}{
		{nil, "mutation", "", 401, "Authentication is required."},
		{&auth.Identity{}, "mutation", "", 403, "This is not allowed: the scope write is missing."},
		{&auth.Identity{}, "query", "Delete", 403, "This is not allowed: the claim role does not have a required value."},
	} {
		f := failureOf(a.Authorize(c.who, c.kind, c.name), unreachableApp(t, nil))
		if f.status != c.status || f.message != c.message || strings.Contains(f.message, "secret") {
			t.Errorf("%s %s: %d %s, want %d %s", c.kind, c.name, f.status, f.message, c.status, c.message)
		}
	}
}

// A rule about a name is about the operation that is run, asked for by name or not;
// and one about a kind is about what could be of it.
func TestOperationsNeedPermission(t *testing.T) {
	app := unreachableApp(t, nil)
	a, err := auth.NewAuthenticator(auth.Config{Anonymous: "allow", Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Scopes: []string{"delete"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	app.Ask(a)
	h := gatewayOf(app).Handler()
	for body, want := range map[string]string{
		`{"query":"{ a }"}`:              "NO_NODE_AVAILABLE",
		`{"query":"query Read { a }"}`:   "NO_NODE_AVAILABLE",
		`{"query":"query Delete { a }"}`: "UNAUTHENTICATED",
		`{"query":"query Delete { a } query B { b }","operationName":"Delete"}`: "UNAUTHENTICATED",
		`{"query":"query Delete { a } query B { b }","operationName":"B"}`:      "NO_NODE_AVAILABLE",
		`{"query":"mutation { a }"}`:                                            "UNAUTHENTICATED",
		`{"query":"mutation M { a } query B { b }","operationName":"M"}`:        "UNAUTHENTICATED",
		`{"query":"query & Unreadable { a }"}`:                                  "UNAUTHENTICATED",
		`{"query":"fragment F on T { a }"}`:                                     "UNAUTHENTICATED",
		`{"query":""}`:                                                          "UNAUTHENTICATED",
		`{"query":"{ a } mutation { b }"}`:                                      "UNAUTHENTICATED",
		`{"query":"mutation M { a }","operationName":"Other"}`:                  "UNAUTHENTICATED",
		`{"query":"query A { a }","operationName":"Delete"}`:                    "UNAUTHENTICATED",
		`{"query":"query Delete { a }","operationName":""}`:                     "UNAUTHENTICATED",
		`{"query":"query Delete { a }","operationName":null}`:                   "UNAUTHENTICATED",
		`{"query":"mutation { b }","query":"{ a }"}`:                            "UNAUTHENTICATED",
		`{"query":"{ a }","query":"mutation { b }"}`:                            "NO_NODE_AVAILABLE",
		`{"query":"query Dele\u0074e { a }"}`:                                   "UNAUTHENTICATED",
	} {
		if _, code := ask(t, h, post(body)); code != want {
			t.Errorf("%s: %s, want %s", body, code, want)
		}
	}
	// Each operation of a batch is looked at, and so is what is sent by its hash.
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(`[{"query":"{ a }"},{"query":"mutation { a }"},{"query":"query Delete { a }"}]`))
	if got := w.Body.String(); strings.Count(got, "UNAUTHENTICATED") != 2 || strings.Count(got, "NO_NODE_AVAILABLE") != 1 {
		t.Error(got)
	}
	const document = "query Delete { a }"
	persisted := fmt.Sprintf(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%x"}}`, sha256.Sum256([]byte(document)))
	for _, c := range [][2]string{
		{`{"query":"` + document + `",` + persisted + `}`, "UNAUTHENTICATED"},
		{`{` + persisted + `}`, "PERSISTED_QUERY_NOT_FOUND"}, // who may not run it has not stored it
	} {
		if _, code := ask(t, h, post(c[0])); code != c[1] {
			t.Errorf("%s: %s", c[0], code)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/graphql?query="+url.QueryEscape(document), nil))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}
