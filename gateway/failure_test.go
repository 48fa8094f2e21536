package gateway

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/contract"
)

// refuseAnonymous makes an application refuse anonymous requests.
func refuseAnonymous(t *testing.T, app *App) {
	t.Helper()
	var err error
	app.Authenticator, err = auth.NewAuthenticator(auth.Config{Anonymous: "refuse"}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
}

// A client learns that credentials are missing or invalid. The log has the reason, and not
// the credentials.
func TestRefusalsAreLogged(t *testing.T) {
	app := unreachableApp(t, nil)
	keys := auth.Config{Anonymous: "refuse", Methods: []auth.MethodConfig{{APIKeys: &auth.APIKeysConfig{Header: "Authorization"}}}}
	var err error
	if app.Authenticator, err = auth.NewAuthenticator(keys, nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h := newGateway(Limits{}, slog.New(slog.NewTextHandler(&log, nil)), app).Handler()
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

// A client that may not query the schema may not read it as SDL.
func TestPublicSchemaNeedsPermissionToQuery(t *testing.T) {
	const sdl = `type Query { secretField: Int }`
	for name, c := range map[string]struct {
		context       auth.ContextConfig
		refuse        bool
		introspection string
		status        int
	}{
		"all clients":               {nil, false, "", 200},
		"anonymous: refuse":         {nil, true, "", 401},
		"required context":          {auth.ContextConfig{"id": {Header: "X-User-Id", Required: true}}, false, "", 401},
		"introspection: identified": {nil, false, "identified", 403},
	} {
		app := unreachableApp(t, nil, sharing(page))
		app.Config.DocumentLimits.Introspection = c.introspection
		var err error
		if app.Context, err = auth.NewContext(c.context, proxies); err != nil {
			t.Fatal(err)
		}
		app.Contract = testContract(t, contract.Config{SDL: "public"}, sdl)
		if c.refuse {
			refuseAnonymous(t, app)
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
	refuseAnonymous(t, app)
	w := httptest.NewRecorder()
	gatewayOf(app).Handler().ServeHTTP(w, from(page, post(`{"query":"{ a }"}`)))
	if w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") != page || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// A rule for a name applies to the operation that is run, whether the request names it or
// not. A rule for a kind applies to every operation that may be of it.
func TestOperationsNeedPermission(t *testing.T) {
	app := unreachableApp(t, nil)
	var err error
	app.Authenticator, err = auth.NewAuthenticator(auth.Config{Anonymous: "allow", Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Scopes: []string{"delete"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
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
	// The rules apply to each operation of a batch, and to documents sent by hash.
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(`[{"query":"{ a }"},{"query":"mutation { a }"},{"query":"query Delete { a }"}]`))
	if got := w.Body.String(); strings.Count(got, "UNAUTHENTICATED") != 2 || strings.Count(got, "NO_NODE_AVAILABLE") != 1 {
		t.Error(got)
	}
	const document = "query Delete { a }"
	persisted := fmt.Sprintf(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%x"}}`, sha256.Sum256([]byte(document)))
	for _, c := range [][2]string{
		{`{"query":"` + document + `",` + persisted + `}`, "UNAUTHENTICATED"},
		{`{` + persisted + `}`, "PERSISTED_QUERY_NOT_FOUND"}, // a refused document is not stored
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
