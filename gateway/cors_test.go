package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

const page = "https://app.example.com"

func sharing(origins ...string) func(*AppConfig) {
	return func(c *AppConfig) {
		c.CORS = CORSConfig{Origins: origins, Headers: []string{"X-My-Header"}, Credentials: true, MaxAge: 600e9}
	}
}

// proxies are those that headers are taken from.
var proxies = auth.TrustedProxies{netip.MustParsePrefix("127.0.0.0/8")}

func from(origin string, r *http.Request) *http.Request {
	r.Header.Set("Origin", origin)
	return r
}

// preflight asks as browsers do before a page's request.
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
		{"/graphql", page, "POST", "x-other", false},
		{"/graphql", page, "PUT", "", false},
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
	// Without the section nothing is different from an OPTIONS of anybody.
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

// Pages can read why their requests are refused, and no cache gives the answer for
// one origin to another.
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
		t.Errorf("a page of another origin is let in: %v", w.Header())
	}
}

func accepting(r *http.Request, accept string) *http.Request {
	r.Header.Set("Accept", accept)
	return r
}

func TestCORSOfEveryOriginAndOfNone(t *testing.T) {
	everybody := unreachable(t, Limits{}, nil, func(c *AppConfig) { c.CORS.Origins = []string{"*"} })
	nobody := unreachable(t, Limits{}, nil, func(c *AppConfig) { c.CORS.Origins = []string{} })
	for want, h := range map[string]http.Handler{"*": everybody, "": nobody} {
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

// The headers by which it is told who is asking are part of what answers depend on.
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
		t.Errorf("a header that the context reads cannot be sent by a page: %v", got)
	}
}

func TestCORSValidate(t *testing.T) {
	off, yes := new(bool), true
	for name, c := range map[string]struct {
		set     func(*AppConfig)
		cookies bool
		want    string // in the error; none: it is fine
	}{
		"off":                         {func(c *AppConfig) {}, false, ""},
		"on":                          {sharing(page), false, ""},
		"with cookies":                {sharing(page), true, ""},
		"no origin and cookies":       {func(c *AppConfig) { c.CORS.Origins = []string{} }, true, ""},
		"without origins":             {func(c *AppConfig) { c.CORS.Credentials = true }, false, "cors.origins is missing"},
		"every origin":                {func(c *AppConfig) { c.CORS.Origins = []string{"*"} }, false, ""},
		"every origin, credentials":   {sharing("*"), false, "cors.credentials"},
		"every origin, cookies":       {func(c *AppConfig) { c.CORS.Origins = []string{"*"} }, true, "cookies"},
		"cookies without cors":        {func(c *AppConfig) {}, true, "cors is missing"},
		"cookies without prevention":  {func(c *AppConfig) { sharing(page)(c); c.CSRFPrevention = off }, true, "csrf_prevention"},
		"no prevention":               {func(c *AppConfig) { c.CSRFPrevention = off }, false, ""},
		"cookies and prevention":      {func(c *AppConfig) { sharing(page)(c); c.CSRFPrevention = &yes }, true, ""},
		"bad origin":                  {sharing("example.com"), false, "cors.origins"},
		"header that is none":         {func(c *AppConfig) { sharing(page)(c); c.CORS.Headers = []string{"a b"} }, false, "cors.headers"},
		"every header":                {func(c *AppConfig) { sharing(page)(c); c.CORS.Headers = []string{"*"} }, false, "cors.headers"},
		"time that cannot be":         {func(c *AppConfig) { sharing(page)(c); c.CORS.MaxAge = -1 }, false, "cors.max_age"},
		"headers without any origins": {func(c *AppConfig) { c.CORS.Headers = []string{"X-A"} }, false, "cors.origins is missing"},
	} {
		var config AppConfig
		c.set(&config)
		config.SetDefaults()
		err := config.Validate(c.cookies)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
