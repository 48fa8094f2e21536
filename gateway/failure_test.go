package gateway

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

// Who lacks what an operation requires learns what that is, and whether to say who
// they are.
func TestFailuresOfPermission(t *testing.T) {
	a, err := auth.NewAuthenticator(auth.Config{Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Claims: map[string]any{"role": "secret"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who        *auth.Identity
		kind, name string
		status     int
		message    string
	}{
		{nil, "mutation", "", 401, "This request needs to say who is asking."},
		{&auth.Identity{}, "mutation", "", 403, "This is not allowed: the scope write is missing."},
		{&auth.Identity{}, "query", "Delete", 403, "This is not allowed: the claim role is not what it has to be."},
	} {
		f := failureOf(a.Permits(c.who, c.kind, c.name), &App{})
		if f.status != c.status || f.message != c.message || strings.Contains(f.message, "secret") {
			t.Errorf("%s %s: %d %s, want %d %s", c.kind, c.name, f.status, f.message, c.status, c.message)
		}
	}
}

// A rule about a name is about the operation that is run, asked for by name or not;
// and one about a kind is about what could be of it.
func TestOperationsNeedPermission(t *testing.T) {
	app := unreachableApp(t, nil)
	a, err := auth.NewAuthenticator(auth.Config{Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Scopes: []string{"delete"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	app.Ask(a)
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
	} {
		if _, code := ask(t, h, post(body)); code != want {
			t.Errorf("%s: %s, want %s", body, code, want)
		}
	}
}
