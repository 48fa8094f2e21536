package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/transport/request"
)

// forms accepts forms without CSRF prevention, which has its own tests.
func forms(c *AppConfig) { c.Forms, c.CSRFPrevention = true, new(bool) }

func TestGet(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for name, c := range map[string]struct {
		query  string
		status int
	}{
		"a query":                       {"query={a}", 503},
		"HEAD":                          {"query={a}", 503},
		"all parameters":                {`query=query+A($a:Int){a}&variables={"a":1}&operationName=A&extensions={"x":1}`, 503},
		"unknown parameters":            {"query={a}&utm=1", 503},
		"empty and null":                {"query={a}&variables=&operationName=&extensions=null", 503},
		"one query of several":          {"query=query+A{a}mutation+B{b}&operationName=A", 503},
		"a mutation":                    {"query=mutation{a}", 405},
		"a mutation, HEAD":              {"query=mutation{a}", 405},
		"a mutation of several":         {"query=query+A{a}mutation+B{b}&operationName=B", 405},
		"a subscription":                {"query=subscription{a}", 405},
		"a malformed document":          {"query={", 405},
		"a query or a mutation":         {"query=query+A{a}mutation+B{b}", 405},
		"strings that may end early":    {`query={a(b:""""""")}`, 405},
		"no query":                      {"variables={}", 400},
		"an empty query":                {"query=", 400},
		"nothing":                       {"", 400},
		"query twice":                   {"query={a}&query=mutation{a}", 400},
		"variables not in JSON":         {"query={a}&variables={a}", 400},
		"variables with bytes behind":   {"query={a}&variables={}x", 400},
		"variables that are a list":     {"query={a}&variables=[1]", 400},
		"extensions not in JSON":        {"query={a}&extensions={a}", 400},
		"extensions that are a number":  {"query={a}&extensions=1", 400},
		"bad escapes":                   {"query=%zz", 400},
		"not UTF-8":                     {"query={a(b:%22%ff%22)}", 400},
		"operation name not in UTF-8":   {"query={a}&operationName=%ff", 400},
		"a semicolon":                   {`query={hello(name:"a;b")}`, 503},
		"a semicolon in variables":      {`query={a}&variables={"a":";"}`, 503},
		"a semicolon in a name":         {"query={a}&a;b=1", 503},
		"a semicolon is no separator":   {"variables={};query={a}", 400},
		"a semicolon hides no mutation": {"query=mutation{a};&x=1", 405},
		"empty parameters":              {"&&query={a}&", 503},
		"no equals sign":                {"query={a}&x", 503},
		"half a pair in variables":      {`query={a}&variables={"a":"\ud800"}`, 400},
		"half a pair in extensions":     {`query={a}&extensions={"a":"\ud800"}`, 400},
		"variables as a text":           {`query={a}&variables="{}"`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			method := http.MethodGet
			if strings.Contains(name, "HEAD") {
				method = http.MethodHead
			}
			r := httptest.NewRequest(method, "/graphql", nil)
			r.URL.RawQuery = c.query
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Allow"); (got == "POST") != (c.status == 405) {
				t.Errorf("Allow is %q", got)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control is %q", got)
			}
		})
	}
}

func TestForms(t *testing.T) {
	on, off := unreachable(t, Limits{}, nil, forms), unreachable(t, Limits{}, nil)
	for body, want := range map[string]int{
		`query=mutation{a}&variables={"a":1}&operationName=`: 503,
		`query={a(b:";")}&variables={"a":";"}`:               503,
		`query={a};variables={}&variables=1`:                 400,
		`query={a}&variables=[]`:                             400,
		`query={a}&query={a}`:                                400,
		`variables={}`:                                       400,
		`query=%f`:                                           400,
		``:                                                   400,
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql?query=%7Bb%7D", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		if status, _ := ask(t, on, r); status != want {
			t.Errorf("%q: %d, want %d", body, status, want)
		}
		r.Body = http.NoBody
		if status, code := ask(t, off, r); status != 415 || code != "UNSUPPORTED_MEDIA_TYPE" {
			t.Errorf("%q where forms are off: %d %s", body, status, code)
		}
	}
}

func TestDocumentAsBody(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for _, c := range []struct {
		body, url string
		status    int
	}{
		{`mutation A($a: Int) { a }`, `?variables={"a":1}&operationName=A`, 503},
		{`{ a }`, `?extensions={"a":1}`, 503},
		{`{ a }`, ``, 503},
		{`{ a }`, `?variables={"a":";"}`, 503},
		{`{ a }`, `?variables={"a":"\ud800"}`, 400},
		{``, ``, 400},
		{`{ a }`, `?query={b}`, 400},
		{`{ a }`, `?variables=1`, 400},
		{`{ a }`, `?variables=%zz`, 400},
		{"{ a(b: \"\xff\") }", ``, 400},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(c.body))
		r.URL.RawQuery = strings.TrimPrefix(c.url, "?")
		r.Header.Set("Content-Type", "application/graphql")
		if status, _ := ask(t, h, r); status != c.status {
			t.Errorf("%q with %q: %d, want %d", c.body, c.url, status, c.status)
		}
	}
}

// The answer to every URL and form is a GraphQL error. GET runs queries alone.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{`query={a}&variables={"a":[1]}&operationName=A`, "query=mutation{a}", "query=%", "extensions=[]", "id=a", "extensions=" + persistedExtensions(hashOf("{a}"))} {
		f.Add(seed)
	}
	h := unreachable(f, Limits{}, nil, forms)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.URL.RawQuery = text
		status, code := ask(t, h, r)
		if !refusedOrRun(status, code) && status != 405 {
			t.Errorf("GET %q: %d %s", text, status, code)
		}
		values, _ := request.ParseForm(text)
		if document := strings.TrimSpace(values.Get("query")); strings.HasPrefix(document, "mutation") && status == 503 {
			t.Errorf("%q would be run", text)
		}
		r = httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, code := ask(t, h, r); !refusedOrRun(status, code) {
			t.Errorf("POST %q: %d %s", text, status, code)
		}
		r = httptest.NewRequest(http.MethodPost, "/graphql?variables="+url.QueryEscape(text), strings.NewReader(text))
		r.Header.Set("Content-Type", "application/graphql")
		if status, code := ask(t, h, r); !refusedOrRun(status, code) {
			t.Errorf("document %q: %d %s", text, status, code)
		}
	})
}
