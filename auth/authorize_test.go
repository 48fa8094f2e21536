package auth

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func parseAuth(t testing.TB, section string) Config {
	t.Helper()
	var cfg Config
	if err := yaml.UnmarshalWithOptions([]byte(section), &cfg, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestAuthorize(t *testing.T) {
	type claims = map[string]any
	for _, c := range []struct {
		name, section string
		claims        claims // nil: anonymous
		kind, op      string
		missing       string // empty: authorized
	}{
		{"nothing required", `{}`, nil, "mutation", "A", ""},
		{"scope in scope", `{require: {scopes: [read, write]}}`, claims{"scope": "write read"}, "query", "", ""},
		{"scope in scp", `{require: {scopes: [read]}}`, claims{"scp": "read write"}, "query", "", ""},
		{"scope in a list", `{require: {scopes: [read]}}`, claims{"scopes": []any{int64(1), "read"}}, "query", "", ""},
		{"no scope", `{require: {scopes: [read]}}`, claims{"sub": "1"}, "query", "", "the scope read"},
		{"one of two scopes", `{require: {scopes: [read, write]}}`, claims{"scope": "read"}, "query", "", "the scope write"},
		{"part of a scope", `{require: {scopes: [read]}}`, claims{"scope": "reader unread", "scp": []any{"read write"}}, "query", "", "the scope read"},
		{"anonymous", `{require: {scopes: [read]}}`, nil, "query", "", "the scope read"},
		{"claim", `{require: {claims: {email_verified: true, level: 3}}}`, claims{"email_verified": true, "level": int64(3)}, "query", "", ""},
		{"claim of another type", `{require: {claims: {email_verified: true}}}`, claims{"email_verified": "true"}, "query", "", "the claim email_verified"},
		{"claim missing", `{require: {claims: {email_verified: false}}}`, claims{}, "query", "", "the claim email_verified"},
		{"one of several", `{require: {claims: {role: [admin, owner]}}}`, claims{"role": "owner"}, "query", "", ""},
		{"none of several", `{require: {claims: {role: [admin, owner]}}}`, claims{"role": "user"}, "query", "", "the claim role"},
		{"a list with one", `{require: {claims: {role: admin}}}`, claims{"role": []any{"user", "admin"}}, "query", "", ""},
		{"a list with one of several", `{require: {claims: {role: [admin, owner]}}}`, claims{"role": []any{"user", "owner"}}, "query", "", ""},
		{"a list with none", `{require: {claims: {role: [admin, owner]}}}`, claims{"role": []any{"user", []any{"owner"}}}, "query", "", "the claim role"},
		{"an object where a text is wanted", `{require: {claims: {role: admin}}}`, claims{"role": claims{"admin": true}}, "query", "", "the claim role"},
		{"member of an object", `{require: {claims: {realm_access: {roles: admin}}}}`, claims{"realm_access": claims{"roles": []any{"admin"}, "more": true}}, "query", "", ""},
		{"member missing", `{require: {claims: {realm_access: {roles: admin}}}}`, claims{"realm_access": "admin"}, "query", "", "the claim realm_access"},
		{"first of two members", `{require: {claims: {org: {id: a, plan: b}}}}`, claims{"org": claims{"id": "a", "plan": "x"}}, "query", "", "the claim org"},
		{"second of two members", `{require: {claims: {org: {id: a, plan: b}}}}`, claims{"org": claims{"id": "x", "plan": "b"}}, "query", "", "the claim org"},
		{"both members", `{require: {claims: {org: {id: a, plan: b}}}}`, claims{"org": claims{"id": "a", "plan": "b"}}, "query", "", ""},
		{"rule of another kind", `{operations: [{kind: mutation, require: {scopes: [write]}}]}`, claims{}, "query", "", ""},
		{"rule of the kind", `{operations: [{kind: mutation, require: {scopes: [write]}}]}`, claims{}, "mutation", "", "the scope write"},
		{"rule of the kind, anonymous", `{operations: [{kind: mutation, require: {scopes: [write]}}]}`, nil, "mutation", "", "the scope write"},
		{"unknown counts as mutation", `{operations: [{kind: mutation, require: {scopes: [write]}}]}`, claims{}, "unknown", "", "the scope write"},
		{"and as all else", `{operations: [{kind: subscription, require: {scopes: [listen]}}]}`, claims{}, "unknown", "A", "the scope listen"},
		{"rule of another name", `{operations: [{name: A, require: {scopes: [a]}}]}`, claims{}, "query", "B", ""},
		{"rule of the name", `{operations: [{name: A, require: {scopes: [a]}}]}`, claims{}, "query", "A", "the scope a"},
		{"no name", `{operations: [{name: A, require: {scopes: [a]}}]}`, claims{}, "query", "", ""},
		{"unknown, and no name", `{operations: [{name: A, require: {scopes: [a]}}]}`, claims{}, "unknown", "", "the scope a"},
		{"unknown, and another name", `{operations: [{name: A, require: {scopes: [a]}}]}`, claims{}, "unknown", "B", ""},
		{"name and kind", `{operations: [{name: A, kind: mutation, require: {scopes: [a]}}]}`, claims{}, "query", "A", ""},
		{"all rules that match", `{operations: [{kind: mutation, require: {scopes: [write]}}, {name: A, require: {claims: {role: admin}}}]}`, claims{"scope": "write"}, "mutation", "A", "the claim role"},
		{"besides what all require", `{require: {scopes: [graphql]}, operations: [{kind: mutation, require: {scopes: [write]}}]}`, claims{"scope": "write"}, "mutation", "", "the scope graphql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewAuthenticator(parseAuth(t, c.section), nil, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			var identity *Identity
			kind := ErrUnauthenticated
			if c.claims != nil {
				identity, kind = &Identity{Claims: c.claims}, ErrForbidden
			}
			err = a.Authorize(identity, c.kind, c.op)
			switch {
			case c.missing == "" && err != nil:
				t.Error(err)
			case c.missing != "" && (!errors.Is(err, kind) || !strings.Contains(err.Error(), c.missing)):
				t.Errorf("error is %v, want %v that has %q", err, kind, c.missing)
			}
		})
	}
}

func TestInvalidRequirements(t *testing.T) {
	for section, want := range map[string]string{
		`{require: {scopes: ["read write"]}}`:                     "auth.require.scopes has an element",
		`{require: {scopes: [""]}}`:                               "auth.require.scopes",
		`{require: {claims: {role: null}}}`:                       "auth.require.claims.role",
		`{require: {claims: {role: []}}}`:                         "auth.require.claims.role",
		`{require: {claims: {role: [[admin]]}}}`:                  "auth.require.claims.role",
		`{require: {claims: {ratio: 0.5}}}`:                       "auth.require.claims.ratio",
		`{require: {claims: {realm_access: {}}}}`:                 "auth.require.claims.realm_access",
		`{require: {claims: {realm_access: {roles: null}}}}`:      "auth.require.claims.realm_access.roles",
		`{operations: [{require: {scopes: [a]}}]}`:                "auth.operations[0] needs kind or name",
		`{operations: [{kind: unknown, require: {scopes: [a]}}]}`: "auth.operations[0].kind is not one of",
		`{operations: [{name: "A B", require: {scopes: [a]}}]}`:   "auth.operations[0].name is not",
		`{operations: [{name: A}]}`:                               "auth.operations[0].require",
		`{operations: [{name: A, require: {scopes: [" "]}}]}`:     "auth.operations[0].require.scopes",
	} {
		cfg := parseAuth(t, section)
		cfg.Methods = make([]MethodConfig, 1)
		cfg.SetDefaults()
		if err := cfg.Validate(false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", section, err, want)
		}
	}
	cfg := parseAuth(t, `{require: {scopes: [a]}}`)
	cfg.SetDefaults()
	if err := cfg.Validate(false); err == nil || !strings.Contains(err.Error(), "auth.methods") {
		t.Errorf("requirements without methods: %v", err)
	}
}
