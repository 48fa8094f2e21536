package gateway

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/strictjson"
	"github.com/louche-graphql/louche/rpcclient"
)

// newGateway returns a gateway with defaults for the limits that are not set.
func newGateway(limits Limits, log *slog.Logger, apps ...*App) *Gateway {
	limits.SetDefaults()
	return New(new(rpcclient.Node), limits, apps, memory.NewBudget(limits.Memory), log)
}

// gatewayOf returns a gateway with default limits.
func gatewayOf(apps ...*App) *Gateway {
	return newGateway(Limits{}, slog.New(slog.DiscardHandler), apps...)
}

// unreachable returns the handler of a gateway with one unreachable application.
func unreachable(t testing.TB, limits Limits, context auth.ContextConfig, configure ...func(*AppConfig)) http.Handler {
	t.Helper()
	return newGateway(limits, slog.New(slog.DiscardHandler), unreachableApp(t, context, configure...)).Handler()
}

// unreachableApp returns an application without nodes: an operation that the gateway does
// not refuse gets NO_NODE_AVAILABLE.
func unreachableApp(t testing.TB, context auth.ContextConfig, configure ...func(*AppConfig)) *App {
	t.Helper()
	app := &App{}
	for _, set := range configure {
		set(&app.Config)
	}
	app.Config.SetDefaults()
	var err error
	if app.Context, err = auth.NewContext(context, nil); err != nil {
		t.Fatal(err)
	}
	app.Authenticator, err = auth.NewAuthenticator(auth.Config{Anonymous: "allow"}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	pool := rpcclient.PoolConfig{}
	pool.Breaker.SetDefaults()
	app.Absinthe = &rpcclient.Absinthe{
		Pool:   rpcclient.NewPool(nil, pool, slog.New(slog.DiscardHandler)),
		Config: rpcclient.AbsintheConfig{Schema: "MyApp.Schema"},
	}
	return app
}

// ask sends a request and returns the status and the error code of the answer. It checks that
// the answer is a GraphQL error and has a request id.
func ask(t testing.TB, h http.Handler, r *http.Request) (status int, code string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || len(body.Errors) != 1 || body.Errors[0].Message == "" {
		t.Errorf("%q is no GraphQL error", w.Body)
		return w.Code, ""
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
	if w.Header().Get("X-Request-Id") == "" {
		t.Error("the answer has no request id")
	}
	return w.Code, body.Errors[0].Extensions.Code
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestBadInput(t *testing.T) {
	h := unreachable(t, Limits{Body: 1000}, nil)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"good":                             {`{"query":"{ a }"}`, 503, "NO_NODE_AVAILABLE"},
		"good, all members":                {`{"query":"{ a }","variables":{"a":[1.5,null,{}]},"operationName":"A","extensions":{}}`, 503, "NO_NODE_AVAILABLE"},
		"nulls":                            {`{"query":"{ a }","variables":null,"operationName":null}`, 503, "NO_NODE_AVAILABLE"},
		"white space around":               {" \r\n{\"query\":\"{ a }\", \"variables\" : {} }\t", 503, "NO_NODE_AVAILABLE"},
		"empty document":                   {`{"query":""}`, 503, "NO_NODE_AVAILABLE"},
		"empty":                            {``, 400, "BAD_REQUEST"},
		"truncated":                        {`{"query":"{ a`, 400, "BAD_REQUEST"},
		"not JSON":                         {`query { a }`, 400, "BAD_REQUEST"},
		"empty batch":                      {`[]`, 400, "BAD_REQUEST"},
		"truncated batch":                  {`[{"query":"{ a }"}`, 400, "BAD_REQUEST"},
		"batch and bytes behind":           {`[{"query":"{ a }"}] x`, 400, "BAD_REQUEST"},
		"batch without a comma":            {`[{"query":"{ a }"}{"query":"{ a }"}]`, 400, "BAD_REQUEST"},
		"batch that is not UTF-8":          {"[{\"query\":\"\xff\"}]", 400, "BAD_REQUEST"},
		"batch too large":                  {`[` + strings.Repeat("0,", 10) + `0]`, 400, "BATCH_TOO_LARGE"},
		"string":                           {`"{ a }"`, 400, "BAD_REQUEST"},
		"null":                             {`null`, 400, "BAD_REQUEST"},
		"bytes behind":                     {`{"query":"{ a }"} x`, 400, "BAD_REQUEST"},
		"no query":                         {`{"variables":{}}`, 400, "BAD_REQUEST"},
		"query is null":                    {`{"query":null}`, 400, "BAD_REQUEST"},
		"query in capitals":                {`{"Query":"{ a }"}`, 400, "BAD_REQUEST"},
		"query is a number":                {`{"query":1}`, 400, "BAD_REQUEST"},
		"variables are a list":             {`{"query":"{ a }","variables":[1]}`, 400, "BAD_REQUEST"},
		"variables as a text":              {`{"query":"{ a }","variables":" {\"a\":\"\\u00e9\"}"}`, 503, "NO_NODE_AVAILABLE"},
		"variables are an empty text":      {`{"query":"{ a }","variables":""}`, 503, "NO_NODE_AVAILABLE"},
		"variables are null as a text":     {`{"query":"{ a }","variables":"null"}`, 503, "NO_NODE_AVAILABLE"},
		"variables as a text of a list":    {`{"query":"{ a }","variables":"[]"}`, 400, "BAD_REQUEST"},
		"variables as a text twice":        {`{"query":"{ a }","variables":"\"{}\""}`, 400, "BAD_REQUEST"},
		"variables as a text, not JSON":    {`{"query":"{ a }","variables":"{a:1}"}`, 400, "BAD_REQUEST"},
		"half a pair in that text":         {`{"query":"{ a }","variables":"{\"a\":\"\\udc00\"}"}`, 400, "BAD_REQUEST"},
		"half a pair in the query":         {`{"query":"{ a(b: \"\ud800\") }"}`, 400, "BAD_REQUEST"},
		"a pair in the query":              {`{"query":"{ a(b: \"\ud83d\ude00 \\\\ud800\") }"}`, 503, "NO_NODE_AVAILABLE"},
		"half a pair in a name":            {`{"query":"{ a }","\udc00":1}`, 400, "BAD_REQUEST"},
		"half a pair in the operation":     {`{"query":"{ a }","operationName":"\ud800"}`, 400, "BAD_REQUEST"},
		"half a pair in an id":             {`{"documentId":"\udfff"}`, 400, "BAD_REQUEST"},
		"half a pair in a hash":            {`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"\ud800"}}}`, 400, "BAD_REQUEST"},
		"half a pair in extensions":        {`{"query":"{ a }","extensions":{"x":["\ud800\u0020"]}}`, 400, "BAD_REQUEST"},
		"batch with half a pair":           {`[{"query":"{ a }"},{"query":"{ a }","x":"\ud800"}]`, 400, "BAD_REQUEST"},
		"query twice, the first counts":    {`{"query":"{ a }","query":1}`, 503, "NO_NODE_AVAILABLE"},
		"query twice, the first invalid":   {`{"query":1,"query":"{ a }"}`, 400, "BAD_REQUEST"},
		"variables twice":                  {`{"query":"{ a }","variables":{},"v\u0061riables":1}`, 503, "NO_NODE_AVAILABLE"},
		"hash twice":                       {`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"","sha256Hash":"a"}}}`, 400, "BAD_REQUEST"},
		"variables are a number":           {`{"query":"{ a }","variables":0}`, 400, "BAD_REQUEST"},
		"variables are false":              {`{"query":"{ a }","variables":false}`, 400, "BAD_REQUEST"},
		"extensions are null":              {`{"query":"{ a }","extensions":null}`, 503, "NO_NODE_AVAILABLE"},
		"extensions are a list":            {`{"query":"{ a }","extensions":[]}`, 400, "BAD_REQUEST"},
		"extensions are a string":          {`{"query":"{ a }","extensions":"{}"}`, 400, "BAD_REQUEST"},
		"operation name is a list":         {`{"query":"{ a }","operationName":[]}`, 400, "BAD_REQUEST"},
		"not UTF-8":                        {"{\"query\":\"{ a(b: \\\"\xff\\\") }\"}", 400, "BAD_REQUEST"},
		"variables with half a pair":       {`{"query":"{ a }","variables":{"a":"\ud800"}}`, 400, "BAD_REQUEST"},
		"variables with an infinite float": {`{"query":"{ a }","variables":{"a":1e999}}`, 400, "BAD_REQUEST"},
		"variables nested too deep":        {`{"query":"{ a }","variables":{"a":` + strings.Repeat("[", 600) + `}}`, 413, "PAYLOAD_TOO_LARGE"},
		"too large":                        {`{"query":"` + strings.Repeat(" ", 1000) + `"}`, 413, "PAYLOAD_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "too deep") {
				h := unreachable(t, Limits{}, nil)
				body := strings.Replace(c.body, "}}", strings.Repeat("]", 600)+"}}", 1)
				if status, code := ask(t, h, post(body)); status != 400 || code != "BAD_REQUEST" {
					t.Errorf("got %d %s", status, code)
				}
				return
			}
			if status, code := ask(t, h, post(c.body)); status != c.status || code != c.code {
				t.Errorf("got %d %s, want %d %s", status, code, c.status, c.code)
			}
		})
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	r := post("")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"query":`), failing{io.ErrUnexpectedEOF}))
	if status, code := ask(t, unreachable(t, Limits{}, nil), r); status != 400 || code != "BAD_REQUEST" {
		t.Errorf("got %d %s", status, code)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// A chunked body is refused while it is read: its length is not known before.
func TestChunkedBodyThatIsTooLarge(t *testing.T) {
	r := post(`{"query":"` + strings.Repeat(" ", 1000) + `"}`)
	r.ContentLength = -1
	if status, code := ask(t, unreachable(t, Limits{Body: 1000}, nil), r); status != 413 || code != "PAYLOAD_TOO_LARGE" {
		t.Errorf("got %d %s", status, code)
	}
}

func TestContentType(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for contentType, want := range map[string]int{
		"application/json":                      503,
		"application/json; charset=utf-8":       503,
		"application/json;charset=\"UTF-8\"":    503,
		"application/json;charset=utf8":         503,
		"application/graphql; charset=\"UTF8\"": 503,
		"application/json; charset=utf-16":      415,
		"Application/JSON":                      503,
		"application/json; charset=latin1":      415,
		"text/plain":                            415,
		"application/jsonx":                     415,
		"":                                      415,
		"application/x-www-form-urlencoded":     415,
		"application/graphql":                   503,
		"application/graphql; charset=utf-8":    503,
		"application/graphql;charset=utf-16":    415,
		"multipart/form-data; boundary=x":       415,
		"application/json, text/plain":          415,
	} {
		r := post(`{"query":"{ a }"}`)
		r.Header.Set("Content-Type", contentType)
		if status, _ := ask(t, h, r); status != want {
			t.Errorf("%q: %d, want %d", contentType, status, want)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, "/graphql", 400, "BAD_REQUEST"},
		{http.MethodPut, "/graphql", 405, "METHOD_NOT_ALLOWED"},
		{http.MethodPost, "/", 404, "NOT_FOUND"},
		{http.MethodPost, "/graphql/x", 404, "NOT_FOUND"},
		{http.MethodPost, "/readyz", 405, "METHOD_NOT_ALLOWED"},
	} {
		w := httptest.NewRequest(c.method, c.path, nil)
		if status, code := ask(t, h, w); status != c.status || code != c.code {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, code)
		}
	}
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodPut, "/graphql", "GET, HEAD, POST, OPTIONS"},
		{http.MethodOptions, "/graphql", "GET, HEAD, POST, OPTIONS"},
		{http.MethodPost, "/readyz", "GET, HEAD, OPTIONS"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if got := w.Header().Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, got)
		}
		if c.method == http.MethodOptions && (w.Code != 204 || w.Body.Len() > 0) {
			t.Errorf("OPTIONS: %d %q", w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, "/x", nil))
	if w.Code != 404 {
		t.Errorf("OPTIONS of an unknown path: %d", w.Code)
	}
}

func TestHealthWithoutNodes(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != want {
				t.Errorf("%s %s: %d, want %d", method, path, w.Code, want)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil).ServeHTTP(w, post(`{"query":"{ a }"}`))
	if got := w.Header().Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After is %q", got)
	}
}

func TestRequestID(t *testing.T) {
	h := unreachable(t, Limits{}, nil)
	for sent, kept := range map[string]bool{
		"4bf92f35-77b3-4da6":        true,
		"short":                     false,
		"with space and\ttab":       false,
		"<script>alert(1)</script>": false,
		strings.Repeat("a", 129):    false,
	} {
		r := post(`{}`)
		r.Header.Set("X-Request-Id", sent)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id"); (got == sent) != kept || got == "" {
			t.Errorf("%q became %q", sent, got)
		}
	}
}

// refusedOrRun reports whether an unreachable application may give an answer to a request of
// any content.
func refusedOrRun(status int, code string) bool {
	switch status {
	case 200:
		return code == "PERSISTED_QUERY_NOT_FOUND"
	case 404:
		return code == "PERSISTED_QUERY_NOT_IN_LIST"
	}
	return status == 400 || status == 503
}

// The answer to every body is a GraphQL error.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{`{"query":"{ a }"}`, `{"query":"{ a }","variables":{"a":[1,"\u00e9"]},"operationName":"A"}`, `{"query":`, `{"id":"a"}`, `{"extensions":` + persistedExtensions(hashOf("{ a }")) + `}`} {
		f.Add([]byte(seed))
	}
	h := unreachable(f, Limits{}, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		if strictjson.First(body) == '[' {
			return // FuzzBatch
		}
		if status, code := ask(t, h, post(string(body))); !refusedOrRun(status, code) {
			t.Errorf("%q: %d %s", body, status, code)
		}
	})
}
