package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// browserAccept is what browsers send when a user opens an address.
const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

// Browsers that open the path get GraphiQL, where it is on. All other requests get what they
// got without it.
func TestExploreIsForBrowsers(t *testing.T) {
	for name, tc := range map[string]struct {
		graphiql, method, url, accept string
		status                        int
		contentType                   string
	}{
		"browser":              {"on", "GET", "/graphql", browserAccept, 200, "text/html; charset=utf-8"},
		"HEAD":                 {"on", "HEAD", "/graphql", browserAccept, 200, "text/html; charset=utf-8"},
		"off":                  {"off", "GET", "/graphql", browserAccept, 400, "application/json; charset=utf-8"},
		"query in the address": {"on", "GET", "/graphql?query={a}", browserAccept, 503, "application/json; charset=utf-8"},
		"curl":                 {"on", "GET", "/graphql", "*/*", 400, "application/json; charset=utf-8"},
		"no Accept":            {"on", "GET", "/graphql", "", 400, "application/json; charset=utf-8"},
		"JSON preferred":       {"on", "GET", "/graphql", "text/html;q=0.5, application/json", 400, "application/json; charset=utf-8"},
		"JSON as well":         {"on", "GET", "/graphql", "text/html, application/graphql-response+json", 400, "application/graphql-response+json; charset=utf-8"},
		"POST":                 {"on", "POST", "/graphql", browserAccept, 400, "application/json; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.url, nil)
			if tc.accept != "" {
				r.Header.Set("Accept", tc.accept)
			}
			if tc.method == http.MethodPost {
				r.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			unreachable(t, Limits{}, nil, func(c *AppConfig) { c.GraphiQL = tc.graphiql }).ServeHTTP(w, r)
			if got := w.Header().Get("Content-Type"); w.Code != tc.status || got != tc.contentType {
				t.Errorf("%d as %s: %s", w.Code, got, w.Body)
			}
			if tc.method != http.MethodPost && !strings.HasPrefix(w.Header().Get("Vary"), "Accept") {
				t.Errorf("Vary: %s", w.Header().Get("Vary"))
			}
		})
	}
}

// The page and its assets come from the path of the application, which a proxy may have put
// below a prefix.
func TestExploreAssets(t *testing.T) {
	for _, path := range []string{"/graphql", "/api/graphql", "/api/", "/"} {
		server := httptest.NewServer(http.StripPrefix("/prefix", unreachable(t, Limits{}, nil, func(c *AppConfig) { c.Path, c.GraphiQL = path, "on" })))
		t.Cleanup(server.Close)
		page, text := fetch(t, server.URL+"/prefix"+path)
		if h := page.Header; h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: %v", path, h)
		}
		assets := regexp.MustCompile(`(?:src|href)="([^"]+\.(?:js|css))"`).FindAllStringSubmatch(text, -1)
		if len(assets) != 2 {
			t.Fatalf("%s: the page has assets %q:\n%s", path, assets, text)
		}
		for _, asset := range assets {
			address, err := page.Request.URL.Parse(asset[1])
			if err != nil {
				t.Fatal(err)
			}
			if resp, body := fetch(t, address.String()); resp.StatusCode != 200 || len(body) < 1000 || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d, %d bytes, %v", address, resp.StatusCode, len(body), resp.Header)
			}
		}
		if resp, _ := fetch(t, strings.Replace(server.URL+"/prefix"+path, "/prefix/", "/prefix/graphiql/", 1)+"/unknown.js"); resp.StatusCode != 404 {
			t.Errorf("an unknown asset of %s: %d", path, resp.StatusCode)
		}
	}
}

// The page of an application names the others that have one.
func TestExploreNamesApplications(t *testing.T) {
	apps := []*App{
		{Config: AppConfig{Path: "/a", GraphiQL: "on"}},
		{Config: AppConfig{Path: "/b", GraphiQL: "off"}},
		{Config: AppConfig{Path: `/"><script>`, GraphiQL: "on"}},
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/a", nil)
	explorePage("/a", exploredPaths(apps)).ServeHTTP(w, r)
	text := w.Body.String()
	if !strings.Contains(text, `/a&#34;`) || strings.Contains(text, `&#34;/b`) || strings.Contains(text, `"><script>"`) {
		t.Error(text)
	}
}

func fetch(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", browserAccept)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}
