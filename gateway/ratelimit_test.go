package gateway

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/ratelimit"
)

// limited serves an application with rate limits and without nodes: an admitted operation
// gets 503.
func limited(t *testing.T, rules string, change ...func(*App)) (url string, g *Gateway) {
	t.Helper()
	app := unreachableApp(t, nil)
	for _, f := range change {
		f(app)
	}
	var section ratelimit.Rules
	if err := yaml.Unmarshal([]byte(rules), &section); err != nil {
		t.Fatal(err)
	}
	store, err := ratelimit.NewStore(ratelimit.RedisConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	app.Limiter = ratelimit.New(app.Config.Path, section, store)
	g = gatewayOf(app)
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	return server.URL + app.Config.Path, g
}

// sent sends a POST of JSON, or a GET where there is no body, and returns the answer.
func sent(t *testing.T, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

const (
	aQuery    = `{"query":"{ a }"}`
	aMutation = `{"query":"mutation { a }"}`
)

// A refused request stores no document, and evicts none.
func TestRefusedRequestsStoreNothing(t *testing.T) {
	url, _ := limited(t, "[{by: identity, kind: query, limit: 1, per: 24h}, {by: identity, kind: mutation, limit: 9, per: 24h}]", func(app *App) {
		app.Config.DocumentLimits = engine.DocumentLimits{Bytes: 24, Introspection: "identified"}
	})
	with := func(document string) string {
		return `{"query":"` + document + `","extensions":` + persistedExtensions(hashOf(document)) + `}`
	}
	const late, hidden, long = `mutation { a }`, `mutation { __schema }`, `mutation { aaaaaaaaaaaaaaaa }`
	for _, step := range []struct {
		body string
		code string
	}{
		{with("{ a }"), "NO_NODE_AVAILABLE"},
		{with("{ b }"), "RATE_LIMITED"},
		{with(long), "DOCUMENT_TOO_LARGE"},
		{with(hidden), "INTROSPECTION_DISABLED"},
		{with(late), "NO_NODE_AVAILABLE"},
	} {
		if _, answer := sent(t, url, step.body); !strings.Contains(answer, step.code) {
			t.Errorf("%s: %s", step.body, answer)
		}
	}
	for document, code := range map[string]string{"{ a }": "RATE_LIMITED", "{ b }": "PERSISTED_QUERY_NOT_FOUND", hidden: "PERSISTED_QUERY_NOT_FOUND", long: "PERSISTED_QUERY_NOT_FOUND", late: "NO_NODE_AVAILABLE"} {
		if _, answer := sent(t, url, `{"extensions":`+persistedExtensions(hashOf(document))+`}`); !strings.Contains(answer, code) {
			t.Errorf("by the hash of %s: %s, want %s", document, answer, code)
		}
	}
}

// Queries and mutations have separate limits. An operation of unknown kind counts as a
// mutation. Every answer has the quotas that are left.
func TestRateLimits(t *testing.T) {
	url, g := limited(t, "[{by: identity, kind: mutation, limit: 2, per: 24h}, {by: identity, kind: query, limit: 4, per: 24h}, {by: address, limit: 6, per: 24h}]")
	for i, c := range []struct {
		body   string
		status int
		quota  string // without times
	}{
		{aMutation, 503, `"address";r=5, "identity-mutation";r=1`},
		{`{"query":"subscription { a }"}`, 200, `"address";r=4, "identity-mutation";r=0`},
		{aMutation, 429, `"address";r=3, "identity-mutation";r=0`},
		{aQuery, 503, `"address";r=2, "identity-query";r=3`},
		{`{"query":`, 400, `"address";r=1`},
		{`{"query":"no document"}`, 429, `"address";r=0, "identity-mutation";r=0`},
		{aQuery, 429, `"address";r=0`},
	} {
		resp, answer := sent(t, url, c.body)
		var quota []string
		for item := range strings.SplitSeq(resp.Header.Get("RateLimit"), ", ") {
			item, t, _ := strings.Cut(item, ";t=")
			if t == "" || t == "0" {
				item += " without a time"
			}
			quota = append(quota, item)
		}
		if got := strings.Join(quota, ", "); resp.StatusCode != c.status || got != c.quota {
			t.Errorf("%d: %d, %s", i, resp.StatusCode, got)
		}
		limited, after := resp.StatusCode == 429, resp.Header.Get("Retry-After")
		if limited != strings.Contains(answer, `"RATE_LIMITED"`) || limited && len(after) < 4 {
			t.Errorf("%d: Retry-After %q, %s", i, after, answer)
		}
	}
	if resp, _ := sent(t, url, aQuery); resp.Header.Get("RateLimit-Policy") != `"address";q=6;w=86400` {
		t.Errorf("RateLimit-Policy: %s", resp.Header.Get("RateLimit-Policy"))
	}
	w := httptest.NewRecorder()
	g.metrics.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, series := range []string{`louche_rate_limited_total{app="/graphql",policy="address"} 2`, `louche_rate_limited_total{app="/graphql",policy="identity-mutation"} 2`, `louche_requests_total{app="/graphql",code="RATE_LIMITED"} 4`} {
		if !strings.Contains(w.Body.String(), series+"\n") {
			t.Errorf("the metrics have no %s", series)
		}
	}
	if strings.Contains(w.Body.String(), "rate_limit_store_up") {
		t.Error("the metrics have a Redis that is not configured")
	}
}

// Requests that fail to authenticate count. Past the limit they get 429 instead of 401.
func TestRateLimitOfGuesses(t *testing.T) {
	url, _ := limited(t, "[{by: address, limit: 3, per: 1h}]", func(app *App) {
		refuseAnonymous(t, app)
	})
	var statuses []int
	for range 5 {
		resp, _ := sent(t, url, aQuery, "Authorization", "Bearer guess")
		statuses = append(statuses, resp.StatusCode)
	}
	if !slices.Equal(statuses, []int{401, 401, 401, 429, 429}) {
		t.Error(statuses)
	}
}

// X-Forwarded-For of an untrusted peer does not change its address.
func TestRateLimitOfForwarded(t *testing.T) {
	url, _ := limited(t, "[{by: address, limit: 1, per: 1h}]")
	sent(t, url, aQuery)
	if resp, _ := sent(t, url, aQuery, "X-Forwarded-For", "192.0.2.7"); resp.StatusCode != 429 {
		t.Error(resp.StatusCode)
	}
}

// Each operation of a batch counts. The error of a refused one takes the place of its
// answer.
func TestRateLimitOfBatch(t *testing.T) {
	for rules, want := range map[string]struct {
		limited int
		quota   string
	}{
		"[{by: address, limit: 3, per: 24h}]":                  {2, `"address";r=0;t=`},
		"[{by: address, limit: 5, per: 24h}]":                  {0, `"address";r=0;t=`},
		"[{by: address, limit: 7, per: 24h}]":                  {0, `"address";r=2;t=`},
		"[{by: identity, kind: mutation, limit: 1, per: 24h}]": {1, `"identity-mutation";r=0;t=`},
		"[{by: identity, kind: query, limit: 3, per: 24h}]":    {0, `"identity-query";r=0;t=`},
	} {
		url, _ := limited(t, rules)
		resp, answer := sent(t, url, "["+strings.Join([]string{aQuery, aMutation, aQuery, aMutation, aQuery}, ",")+"]")
		if got := strings.Count(answer, "RATE_LIMITED"); resp.StatusCode != 200 || got != want.limited || strings.Count(answer, "NO_NODE") != 5-got {
			t.Errorf("%s: %d %s", rules, resp.StatusCode, answer)
		}
		if got := resp.Header.Get("RateLimit"); !strings.HasPrefix(got, want.quota) || strings.Contains(got, ",") {
			t.Errorf("%s: RateLimit: %s", rules, got)
		}
	}
}

// An answer has no quota of an earlier request whose memory it reuses.
func TestNoRateLimits(t *testing.T) {
	limitedURL, _ := limited(t, "[{by: address, limit: 3, per: 1h}]")
	sent(t, limitedURL, aQuery)
	url, _ := limited(t, "[]")
	for _, accept := range []string{"*/*", "text/html"} {
		resp, _ := sent(t, url, aQuery, "Accept", accept)
		if got := resp.Header.Get("RateLimit") + resp.Header.Get("RateLimit-Policy"); got != "" {
			t.Errorf("%s: %s", accept, got)
		}
	}
}

// Requests that are refused as forgeries do not count: a page could use up the limit of its
// visitors. Nor do requests without an acceptable media type.
func TestRefusedUnreadIsNotCounted(t *testing.T) {
	url, _ := limited(t, "[{by: address, limit: 1, per: 24h}]", func(app *App) { app.Config.Forms = true })
	for range 3 {
		if resp, answer := sent(t, url, "query=x", "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode != 403 || resp.Header.Get("RateLimit") != "" {
			t.Errorf("a form: %d %s", resp.StatusCode, answer)
		}
		if resp, answer := sent(t, url, aQuery, "Accept", "text/html"); resp.StatusCode != 406 {
			t.Errorf("text/html: %d %s", resp.StatusCode, answer)
		}
	}
	if resp, answer := sent(t, url, aQuery); resp.StatusCode != 503 {
		t.Errorf("then: %d %s", resp.StatusCode, answer)
	}
	if resp, answer := sent(t, url, aQuery); resp.StatusCode != 429 {
		t.Errorf("and once more: %d %s", resp.StatusCode, answer)
	}
}

// A request for the schema counts as a query.
func TestRulesForTheSchema(t *testing.T) {
	url, _ := limited(t, "[{by: identity, kind: query, limit: 2, per: 24h}]", func(app *App) {
		app.Contract = testContract(t, contract.Config{SDL: "public"}, `type Query { field: Int }`)
	})
	for _, want := range []int{200, 200, 429} {
		if resp, answer := sent(t, url+sdlFile, ""); resp.StatusCode != want {
			t.Errorf("%d %s, want %d", resp.StatusCode, answer, want)
		}
	}
	url, _ = limited(t, "[]", func(app *App) {
		app.Contract = testContract(t, contract.Config{SDL: "public"}, `type Query { secretField: Int }`)
		app.Config.DocumentLimits.Introspection = "identified"
	})
	if resp, answer := sent(t, url+sdlFile, ""); resp.StatusCode != 403 || strings.Contains(answer, "secretField") {
		t.Errorf("an unidentified request: %d %s", resp.StatusCode, answer)
	}
}
