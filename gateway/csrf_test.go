package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func preventing(c *AppConfig) {
	on := true
	c.CSRFPrevention, c.Forms = &on, true
	c.CORS.Origins = []string{page}
}

func TestCSRF(t *testing.T) {
	h := unreachable(t, Limits{}, nil, preventing)
	const (
		document = `{"query":"{ a }"}`
		form     = "application/x-www-form-urlencoded"
	)
	for name, c := range map[string]struct {
		method, body, contentType string
		header                    []string
		refused                   bool
	}{
		"JSON":                                 {"POST", document, "application/json", nil, false},
		"JSON with a charset":                  {"POST", document, "application/json; charset=utf-8", nil, false},
		"document":                             {"POST", "{ a }", "application/graphql", nil, false},
		"form":                                 {"POST", "query={a}", form, nil, true},
		"form, in capitals":                    {"POST", "query={a}", "Application/X-WWW-Form-URLEncoded", nil, true},
		"form with a charset":                  {"POST", "query={a}", form + " ;charset=utf-8", nil, true},
		"form with malformed parameters":       {"POST", "query={a}", form + "; a; charset=utf-8; charset=utf-8", nil, true},
		"form with JSON as a parameter":        {"POST", "query={a}", form + "; application/json", nil, true},
		"multipart":                            {"POST", document, "multipart/form-data; boundary=a", nil, true},
		"text":                                 {"POST", document, "text/plain", nil, true},
		"text with JSON as a parameter":        {"POST", document, "text/plain; application/json", nil, true},
		"no type":                              {"POST", document, "", nil, true},
		"batch without a type":                 {"POST", "[" + document + "]", "", nil, true},
		"batch":                                {"POST", "[" + document + "]", "application/json", nil, false},
		"GET":                                  {"GET", "", "", nil, true},
		"HEAD":                                 {"HEAD", "", "", nil, true},
		"GET with a JSON type (Apollo Client)": {"GET", "", "application/json", nil, false},
		"GET with Apollo-Require-Preflight":    {"GET", "", "", []string{"Apollo-Require-Preflight", "true"}, false},
		"GET with X-Apollo-Operation-Name":     {"GET", "", "", []string{"x-apollo-operation-name", "A"}, false},
		"GET with GraphQL-Require-Preflight":   {"GET", "", "", []string{"GraphQL-Require-Preflight", "1"}, false},
		"form with X-Requested-With":           {"POST", "query={a}", form, []string{"X-Requested-With", "XMLHttpRequest"}, false},
		"GET with an empty header":             {"GET", "", "", []string{"Apollo-Require-Preflight", ""}, true},
		"GET with another header":              {"GET", "", "", []string{"X-Request-Id", "0123456789"}, true},
		"GET with safelisted headers":          {"GET", "", "", []string{"Accept", "application/json", "Accept-Language", "a"}, true},
		"from a listed origin":                 {"POST", document, "application/json", []string{"Origin", page, "Sec-Fetch-Site", "cross-site"}, false},
		"from this origin":                     {"POST", document, "application/json", []string{"Origin", "https://example.com", "Sec-Fetch-Site", "same-origin"}, false},
		"from this host":                       {"POST", document, "application/json", []string{"Origin", "https://example.com"}, false},
		"from another site":                    {"POST", document, "application/json", []string{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"}, true},
		"from another origin of the site":      {"POST", document, "application/json", []string{"Origin", "https://a.example.com", "Sec-Fetch-Site", "same-site"}, true},
		"from another site, old browser":       {"POST", document, "application/json", []string{"Origin", "https://elsewhere.example"}, true},
		"from a sandbox":                       {"POST", document, "application/json", []string{"Origin", "null"}, true},
		"from another site, all headers":       {"POST", document, "application/json", []string{"Origin", "https://elsewhere.example", "X-Requested-With", "a", "Apollo-Require-Preflight", "a"}, true},
	} {
		r := httptest.NewRequest(c.method, "https://example.com/graphql?query=%7Ba%7D", strings.NewReader(c.body))
		if c.method == http.MethodPost {
			r.URL.RawQuery = ""
		}
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		refused := w.Code == 403 && strings.Contains(w.Body.String(), `"code":"CSRF"`)
		if refused != c.refused || refused && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, w.Header())
		}
	}
}

// The refusal names the headers that a client can send instead.
func TestCSRFSaysWhatToSend(t *testing.T) {
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil, preventing).ServeHTTP(w, get("query", "{a}"))
	for _, want := range []string{"application/json", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Graphql-Require-Preflight", "X-Requested-With"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s does not name %s", w.Body, want)
		}
	}
}

// Trusted documents and persisted queries by GET are refused by the same rule.
func TestCSRFOfPersistedQueries(t *testing.T) {
	h := unreachable(t, Limits{}, nil, preventing)
	for _, r := range []*http.Request{get("documentId", "a"), get("extensions", persistedExtensions(hashOf("{a}")))} {
		if status, code := ask(t, h, r.Clone(t.Context())); status != 403 || code != "CSRF" {
			t.Errorf("%s: %d %s", r.URL, status, code)
		}
		r.Header.Set("Apollo-Require-Preflight", "1")
		if status, code := ask(t, h, r); code == "CSRF" {
			t.Errorf("%s with the header: %d %s", r.URL, status, code)
		}
	}
}

// Without credentials that browsers attach by themselves, every page may send a GET.
func TestCSRFPreventionIsOffWithoutCredentials(t *testing.T) {
	if status, code := ask(t, unreachable(t, Limits{}, nil), get("query", "{a}")); status != 503 {
		t.Errorf("%d %s", status, code)
	}
}
