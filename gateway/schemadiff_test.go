package gateway

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/schema"
)

// Operators see how the schemas of two nodes differ, with the effect of each change.
func TestSchemaDiff(t *testing.T) {
	var schemas []*schema.Schema
	for _, sdl := range []string{"type Query { a: Int }", "type Query { a: Int b: Int }", "type Query { b: Int }"} {
		s, err := schema.Load(sdl)
		if err != nil {
			t.Fatal(err)
		}
		schemas = append(schemas, s)
	}
	gateway := func(sdl string, schemas ...*schema.Schema) *Gateway {
		app := unreachableApp(t, nil)
		cfg := contract.Config{SDL: sdl}
		cfg.SetDefaults()
		app.Contract = contract.NewStatic(cfg, true, schemas...)
		return newGateway(Limits{}, slog.New(slog.DiscardHandler), app)
	}
	g := gateway("", schemas...)
	get := func(g *Gateway, query string) (int, string) {
		w := httptest.NewRecorder()
		g.Admin().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:4401/schemas/diff?"+query, nil))
		return w.Code, w.Body.String()
	}
	third := url.Values{"path": {"/graphql"}, "from": {schemas[0].ShortHash()}, "to": {schemas[2].ShortHash()}}.Encode()
	for query, want := range map[string]string{
		"":                               "safe Query.b",
		third:                            "breaking Query.a, safe Query.b",
		"from=" + schemas[1].ShortHash(): "breaking Query.b",
	} {
		status, body := get(g, query)
		var difference contract.Difference
		if err := json.Unmarshal([]byte(body), &difference); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", query, status, body)
		}
		var changes []string
		for _, c := range difference.Changes {
			changes = append(changes, string(c.Severity)+" "+c.Path)
		}
		if got := strings.Join(changes, ", "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, g := range map[string]*Gateway{
		"from=abcdef":     g,
		"path=/elsewhere": g,
		"to=":             gateway("", schemas[0]),
		"path=/graphql":   gateway(contract.SDLOff, schemas...),
	} {
		if status, body := get(g, query); status != 404 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	g.SetAdminToken("0123456789abcdef")
	if status, _ := get(g, ""); status != 401 {
		t.Errorf("without the token: %d", status)
	}
}
