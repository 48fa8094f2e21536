package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/test/beamtest"
)

// plugged starts a gateway with an application for each name, and the lines of its section.
func plugged(t *testing.T, epmd int, apps map[string]string) *running {
	t.Helper()
	return pluggedTo(t, epmd, "TestApp.Schema", apps)
}

func pluggedTo(t *testing.T, epmd int, schema string, apps map[string]string) *running {
	t.Helper()
	yaml := fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\ntrusted_proxies: [127.0.0.0/8]\napps:\n", cookieFile)
	for path, lines := range apps {
		yaml += fmt.Sprintf(`  - path: /%s
    schema: %s
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d}
    cors: {origins: []}
    %s
`, path, schema, epmd, lines)
	}
	g := startGateway(t, yaml)
	for path := range apps { // each pool loads the agent
		eventually(t, path+" has a node", func() bool {
			status, _ := g.postTo(t, "/"+path, `{"query":"{ counter }"}`)
			return status != http.StatusServiceUnavailable
		})
	}
	return g
}

// A reply is a response of the gateway, as far as plugs have a part in it.
type reply struct {
	status              int
	contentType, body   string
	reason, header      string // X-Reason, X-Result
	cookies             []string
	secret, cacheHeader string
}

func (g *running) postPlugged(t *testing.T, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	cookies := resp.Header["Set-Cookie"]
	for i := range cookies {
		cookies[i], _, _ = strings.Cut(cookies[i], ";")
	}
	h := resp.Header
	return reply{resp.StatusCode, h.Get("Content-Type"), string(text), h.Get("X-Reason"), h.Get("X-Result"), cookies, h.Get("X-Secret"), h.Get("Cache-Control")}
}

const contextTextQuery = `{"query":"{ contextText }"}`

func TestPlugs(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	const reads = "request: {headers: [authorization], cookies: [session]}\n    response: {headers: [x-reason, X-Result], cookies: [session, user]}\n    "
	g := plugged(t, epmd, map[string]string{
		"context":  reads + "plugs: [TestApp.Context]\n    context: {tenant: {value: acme}, current_user: {value: none}}",
		"prepared": reads + "plugs: [TestApp.Context]\n    prepare: on",
		"request":  reads + "plugs: [Elixir.TestApp.Context, TestApp.Router.request]",
		"wrapped":  reads + "plugs: [TestApp.Router.wrapped]",
		"mismatch": reads + "plugs: [TestApp.Router.mismatch]",
		"missing":  reads + "plugs: [TestApp.NoSuch]",
		"endpoint": reads + "plugs: [TestApp.Router.request]\n    pubsub: TestApp.Endpoint",
		"options":  "plugs: [TestApp.Router.options]\n    response: {headers: [x-registered]}",
		"sends":    reads + "plugs: [TestApp.Context]\n    before_send: TestApp.Router.absinthe_before_send",
		"answers":  "context_from: TestApp.Gateway.build_context\n    context_cache: 1h\n    response_from: TestApp.Gateway.respond\n    response: {headers: [x-result], cookies: [user]}",
		"kept":     "context_from: TestApp.Gateway.build_context\n    context_cache: 1h\n    pipeline: TestApp.Router.pipeline",
		"nothing":  "response_from: TestApp.Gateway.respond_nothing",
		"badly":    "response_from: TestApp.Gateway.respond_badly",
		"splits":   "response_from: TestApp.Gateway.respond_split\n    response: {headers: [x-result], cookies: [user]}",
		"piped":    reads + "plugs: [TestApp.Context]\n    pipeline: TestApp.Router.pipeline",
		"live":     reads + "plugs: [TestApp.Context]\n    pubsub: TestApp.PubSub\n    pipeline: TestApp.Router.pipeline",
		"pipeline": "pipeline: TestApp.Router.pipeline",
		"crashes":  reads + "before_send: TestApp.Router.crashing_before_send",
	})

	t.Run("context", func(t *testing.T) {
		for _, path := range []string{"/context", "/prepared"} {
			for range 4 { // the agent prepares the document
				for _, user := range []string{"ada", "bob"} {
					got := g.postPlugged(t, path, contextTextQuery, "Authorization", "Bearer "+user, "Cookie", "session=1")
					if got.status != 200 || !strings.Contains(got.body, fmt.Sprintf(`current_user: \"%s\"`, user)) || strings.Contains(got.body, "tenant") != (path == "/context") {
						t.Errorf("%s of %s: %+v", path, user, got)
					}
				}
			}
			if got := g.postPlugged(t, path, contextTextQuery); got.status != 200 || strings.Contains(got.body, "ada") {
				t.Errorf("%s, anonymous: %+v", path, got)
			}
		}
	})

	t.Run("request", func(t *testing.T) {
		got := g.postPlugged(t, "/request?a=%C3%BC", contextTextQuery, "Cookie", "theme=dark; session=1=2", "Authorization", "Bearer ada", "X-Other", "hidden", "X-Forwarded-For", "2001:db8::1", "X-Forwarded-Proto", "https")
		for _, want := range []string{
			`method: \"POST\"`, `scheme: :https`, `host: \"127.0.0.1\"`, `request_path: \"/request\"`, `path_info: [\"request\"]`, `query_string: \"a=%C3%BC\"`,
			`remote_ip: {8193, 3512, 0, 0, 0, 0, 0, 1}`, `peer: {8193, 3512, 0, 0, 0, 0, 0, 1}`, `body_params: %{}`,
			`params: %{\"a\" => \"ü\"}`, `query_params: %{\"a\" => \"ü\"}`, `secret_key_base: nil`,
			`req_headers: [{\"authorization\", \"Bearer ada\"}, {\"cookie\", \"session=1=2\"}]`, `req_cookies: %{\"session\" => \"1=2\"}`,
		} {
			if !strings.Contains(got.body, want) {
				t.Errorf("no %s in %s", want, got.body)
			}
		}
		if got = g.postPlugged(t, "/request?a=%FF", contextTextQuery); !strings.Contains(got.body, ` params: %{}`) {
			t.Errorf("a malformed query string: %+v", got)
		}
		got = g.postPlugged(t, "/endpoint", contextTextQuery)
		if !strings.Contains(got.body, `secret_key_base: \"the key of the endpoint\"`) || !strings.Contains(got.body, `private: %{phoenix_endpoint: TestApp.Endpoint}`) {
			t.Errorf("with an endpoint: %+v", got)
		}
		resp, err := http.Get(g.url + "/request?query=%7B%20contextText%20%7D")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if vary := resp.Header.Get("Vary"); resp.StatusCode != 403 || !strings.Contains(vary, "Authorization") && vary != "" { // cookies are read: a page could have sent it
			t.Errorf("GET without a preflight: %d, Vary %q", resp.StatusCode, vary)
		}
	})

	t.Run("halt", func(t *testing.T) {
		const mutation = `{"query":"mutation { append(id: \"halted\") }"}`
		for _, path := range []string{"/context", "/prepared"} {
			for user, want := range map[string]reply{
				"nobody": {status: 401, contentType: "text/plain; charset=utf-8", body: "who?", reason: "unknown", cacheHeader: "no-store"},
				"locked": {status: 403, contentType: "application/json", body: `{"locked":true}`, cookies: []string{"session=gone"}, cacheHeader: "no-store"},
				"sent":   {status: 429, contentType: "text/plain; charset=utf-8", body: "sent, and not halted", cacheHeader: "no-store"},
			} {
				for _, body := range []string{mutation, "[" + contextTextQuery + "," + mutation + "]"} {
					if got := g.postPlugged(t, path, body, "Authorization", "Bearer "+user); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%s %s %s: %+v, want %+v", path, user, body, got, want)
					}
				}
			}
			if got := g.postPlugged(t, path, mutation, "Authorization", "Bearer silent"); got.status != 500 || code(t, got.body) != "INTERNAL" {
				t.Errorf("halted without a response: %+v", got)
			}
		}
		if ran := node.Appended(t); len(ran) > 0 {
			t.Errorf("ran %v", ran)
		}
	})

	t.Run("crash", func(t *testing.T) {
		for path, cause := range map[string]string{
			"/wrapped":  "{{TestApp.Router, :wrapped, 2}, %RuntimeError{message: ",
			"/mismatch": "{{TestApp.Router, :mismatch, 2}, {:badmatch, Plug.Conn}}",
			"/missing":  "{{TestApp.NoSuch, :init, 1}, :undef}",
			"/crashes":  "{{TestApp.Router, :crashing_before_send, 2}, %RuntimeError{message: ",
		} {
			got := g.postPlugged(t, path, contextTextQuery, "Authorization", "Bearer a-secret-token")
			if got.status != 500 || code(t, got.body) != "INTERNAL" || strings.Contains(got.body, "TestApp") {
				t.Errorf("%s: %+v", path, got)
			}
			eventually(t, "the log names the function", func() bool { return strings.Contains(strings.ReplaceAll(g.log.String(), `\`, ""), cause) })
		}
		if strings.Contains(g.log.String(), "a-secret-token") {
			t.Error("the log has a token")
		}
	})

	t.Run("options", func(t *testing.T) {
		got := g.postPlugged(t, "/options", `{"query":"{ a: contextText b: contextText }"}`)
		if !strings.Contains(got.body, "too complex") {
			t.Errorf("max_complexity of a plug: %s", got.body)
		}
	})

	t.Run("before_send", func(t *testing.T) {
		const both = `{"query":"{ counter }"}`
		got := g.postPlugged(t, "/sends", both, "Authorization", "Bearer ada")
		if got.status != 200 || !slices.Equal(got.cookies, []string{"user=ada"}) || got.header != "data" || got.secret != "" || got.cacheHeader != "no-store" {
			t.Errorf("%+v", got)
		}
		if got = g.postPlugged(t, "/sends", "["+both+","+both+"]"); got.status != 200 || !slices.Equal(got.cookies, []string{"user=nobody", "user=nobody"}) {
			t.Errorf("batch: %+v", got)
		}
	})

	t.Run("response_from", func(t *testing.T) {
		for range 3 { // the context is cached
			if got := g.postPlugged(t, "/answers", contextTextQuery); got.status != 202 || !strings.Contains(got.body, "claims: %{}") || got.header != "data" || got.secret != "" || !slices.Equal(got.cookies, []string{"user=nobody"}) {
				t.Errorf("%+v", got)
			}
			if got := g.postPlugged(t, "/kept", contextTextQuery); got.status != 200 || !strings.Contains(got.body, "claims: %{}") || !strings.Contains(got.body, "a phase") {
				t.Errorf("with a pipeline: %+v", got)
			}
		}
		if called := node.Eval(t, "TestApp.Gateway.called()"); called != "2" {
			t.Errorf("contexts were built %s times, want once for each application", called)
		}
		if got := g.postPlugged(t, "/answers", `{"query":"{ no_such_field }"}`); got.status != 418 || got.header != "errors" {
			t.Errorf("without data: %+v", got)
		}
		if got := g.postPlugged(t, "/nothing", contextTextQuery); got.status != 200 || len(got.cookies) > 0 {
			t.Errorf("an empty map: %+v", got)
		}
		if got := g.postPlugged(t, "/badly", contextTextQuery); got.status != 500 || code(t, got.body) != "INTERNAL" {
			t.Errorf("another response: %+v", got)
		}
		for kind, cause := range map[string]string{
			"header": `the application set the response header "x-result" to a value with control characters`,
			"cookie": "{{TestApp.Gateway, :respond_split, 2}, {:bad_response",
		} {
			got := g.postPlugged(t, "/splits", fmt.Sprintf(`{"query":"{ %s: counter }"}`, kind))
			if got.status != 500 || code(t, got.body) != "INTERNAL" || len(got.cookies) > 0 {
				t.Errorf("a %s that is split: %+v", kind, got)
			}
			eventually(t, "the log has the cause", func() bool { return strings.Contains(strings.ReplaceAll(g.log.String(), `\`, ""), cause) })
		}
	})

	t.Run("pipeline", func(t *testing.T) {
		for path, context := range map[string]string{"/piped": `%{current_user: \\\"ada\\\"}`, "/pipeline": `%{}`} {
			want := fmt.Sprintf(`{"data":{"contextText":"%s"},"extensions":{"said":"a phase"}}`, strings.ReplaceAll(context, `\\\`, `\`))
			if got := g.postPlugged(t, path, contextTextQuery, "Authorization", "Bearer ada"); got.status != 200 || got.body != want {
				t.Errorf("%s: %+v, want %s", path, got, want)
			}
		}
		if got := g.postPlugged(t, "/piped", contextTextQuery, "Authorization", "Bearer nobody"); got.status != 401 {
			t.Errorf("halted: %+v", got)
		}
	})

	t.Run("subscription", func(t *testing.T) {
		const forbidden = `{"query":"subscription { event(channel: \"forbidden\") }"}`
		if got := g.postPlugged(t, "/live", forbidden, "Accept", "text/event-stream", "Authorization", "Bearer ada"); !strings.Contains(got.body, "this channel is forbidden") || strings.Contains(got.body, "a phase") == node.RealAbsinthe() {
			// The real Absinthe jumps over added phases after an error; its double does not.
			t.Errorf("the answer of the application: %+v", got)
		}
		if got := g.postPlugged(t, "/live", forbidden, "Accept", "text/event-stream", "Authorization", "Bearer nobody"); got.status != 401 || got.body != "who?" {
			t.Errorf("halted: %+v", got)
		}
	})

	// No request runs without its plugs: it gets 503, and none fails otherwise.
	t.Run("the node removes the agent", func(t *testing.T) {
		node.Eval(t, fmt.Sprintf(":%s.forget()", agent.Module))
		eventually(t, "the node has the agent again", func() bool {
			got := g.postPlugged(t, "/context", contextTextQuery, "Authorization", "Bearer ada")
			if got.status != 200 && got.status != 503 || got.status == 200 && !strings.Contains(got.body, "ada") {
				t.Fatalf("%+v", got)
			}
			return got.status == 200
		})
	})

	t.Run("no atom of a request", func(t *testing.T) {
		node.CheckNoAtoms(t, func(i int) {
			word := fmt.Sprintf("word%d", i)
			g.postPlugged(t, "/request?"+word+"="+word, fmt.Sprintf(`{"query":"query %s { contextText }","operationName":"%s"}`, word, word),
				"Authorization", "Bearer "+word, "Cookie", "session="+word, word, word, "X-Forwarded-For", "10.0.0.1", "X-Forwarded-Proto", word)
		})
	})
}
