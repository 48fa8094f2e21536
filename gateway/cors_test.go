package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/transport"
)

const page = "https://app.example.com"

// sharing returns a change that allows pages of origins to send requests with credentials.
func sharing(origins ...string) func(*AppConfig) {
	return func(c *AppConfig) {
		c.CORS = transport.CORSConfig{Origins: origins, Headers: []string{"X-My-Header"}, Credentials: true, MaxAge: 10 * time.Minute}
	}
}

// proxies are the trusted proxies of the tests.
var proxies = auth.TrustedProxies{netip.MustParsePrefix("127.0.0.0/8")}

// from returns the request as a page of an origin sends it.
func from(origin string, r *http.Request) *http.Request {
	r.Header.Set("Origin", origin)
	return r
}

// preflight sends the preflight of a browser and returns the header of the answer.
func preflight(h http.Handler, path, origin, method, headers string) http.Header {
	r := from(origin, httptest.NewRequest(http.MethodOptions, path, nil))
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != "" {
		r.Header.Set("Access-Control-Request-Headers", headers)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Header()
}

func TestPreflight(t *testing.T) {
	h := unreachable(t, Limits{}, auth.ContextConfig{}, sharing(page))
	for _, c := range []struct {
		path, origin, method, headers string
		allowed                       bool
	}{
		{"/graphql", page, "POST", "", true},
		{"/graphql", page, "GET", "", true},
		{"/graphql", page, "POST", "content-type", true},
		{"/graphql", page, "POST", "apollographql-client-name,apollographql-client-version,authorization,content-type,traceparent,x-request-id", true},
		{"/graphql", page, "POST", "apollo-require-preflight,graphql-require-preflight,x-apollo-operation-name,x-requested-with", true},
		{"/graphql", page, "POST", "x-my-header,x-request-timeout", true},
		{"/graphql", page, "POST", "graphql-client-name,graphql-client-version,tracestate", true},
		{"/graphql", page, "POST", "x-other", false},
		{"/graphql", page, "PUT", "", true}, // reserves a stream
		{"/graphql", page, "DELETE", "", true},
		{"/graphql", page, "PATCH", "", false},
		{"/graphql", "https://elsewhere.example", "POST", "", false},
		{"/graphql", "null", "POST", "", false},
		{"/elsewhere", page, "POST", "", false},
	} {
		got := preflight(h, c.path, c.origin, c.method, c.headers)
		want := ""
		if c.allowed {
			want = c.origin
		}
		if got.Get("Access-Control-Allow-Origin") != want || (got.Get("Access-Control-Allow-Credentials") == "true") != c.allowed {
			t.Errorf("%+v: %v", c, got)
		}
		if c.allowed && (got.Get("Access-Control-Max-Age") != "600" || got.Get("Access-Control-Allow-Methods") != c.method || !strings.EqualFold(strings.ReplaceAll(got.Get("Access-Control-Allow-Headers"), " ", ""), c.headers)) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	// Without the section, a preflight is an OPTIONS like any other.
	off := unreachable(t, Limits{}, nil)
	if got := preflight(off, "/graphql", page, "POST", ""); got.Get("Access-Control-Allow-Origin") != "" || got.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("without cors: %v", got)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, "/graphql", nil))
	if w.Code != 204 || w.Header().Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("an OPTIONS that is no preflight: %d %v", w.Code, w.Header())
	}
}

// Pages can read why their requests are refused. Caches keep the answers for different
// origins apart.
func TestCORSOfAnswers(t *testing.T) {
	refusing := func(c *AppConfig) { c.Forms = true }
	h := unreachable(t, Limits{}, nil, sharing(page), refusing)
	form := post(`query={a}`)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, c := range map[string]struct {
		request *http.Request
		status  int
	}{
		"no node":      {post(`{"query":"{ a }"}`), 503},
		"bad request":  {post(`{`), 400},
		"CSRF":         {form, 403},
		"CSRF by GET":  {get("query", "{a}"), 403},
		"unknown id":   {post(`{"id":"x"}`), 404},
		"not accepted": {accepting(post(`{}`), "text/html"), 406},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, from(page, c.request))
		got := w.Header()
		if w.Code != c.status || got.Get("Access-Control-Allow-Origin") != page || got.Get("Access-Control-Allow-Credentials") != "true" ||
			!strings.Contains(strings.ToLower(got.Get("Access-Control-Expose-Headers")), "x-request-id, retry-after, ratelimit, ratelimit-policy") {
			t.Errorf("%s: %d %v", name, w.Code, got)
		}
		if vary := strings.Join(got.Values("Vary"), ", "); !strings.Contains(vary, "Origin") {
			t.Errorf("%s: Vary is %q", name, vary)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, from("https://elsewhere.example", post(`{"query":"{ a }"}`)))
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page of another origin may read the answer: %v", w.Header())
	}
}

func accepting(r *http.Request, accept string) *http.Request {
	r.Header.Set("Accept", accept)
	return r
}

func TestCORSOfEveryOriginAndOfNone(t *testing.T) {
	all := unreachable(t, Limits{}, nil, func(c *AppConfig) { c.CORS.Origins = []string{"*"} })
	none := unreachable(t, Limits{}, nil, func(c *AppConfig) { c.CORS.Origins = []string{} })
	for want, h := range map[string]http.Handler{"*": all, "": none} {
		if got := preflight(h, "/graphql", page, "POST", "").Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("a preflight is answered with %q, want %q", got, want)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, from(page, post(`{"query":"{ a }"}`)))
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("a request is answered with %q, want %q", got, want)
		}
	}
}

// Vary names the headers that the context reads, and pages may send them.
func TestVary(t *testing.T) {
	app := unreachableApp(t, nil, sharing(page))
	var err error
	if app.Context, err = auth.NewContext(auth.ContextConfig{"id": {Header: "X-User-Id"}}, proxies); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	gatewayOf(app).Handler().ServeHTTP(w, get("query", "{a}"))
	if got := w.Header().Values("Vary"); len(got) != 1 || got[0] != "Accept, Accept-Encoding, X-User-Id, Origin" {
		t.Errorf("Vary is %q", got)
	}
	if got := preflight(gatewayOf(app).Handler(), "/graphql", page, "POST", "x-user-id"); got.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("pages cannot send a header that the context reads: %v", got)
	}
}
