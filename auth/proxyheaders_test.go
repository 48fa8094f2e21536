package auth_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

func TestProxyHeaders(t *testing.T) {
	const section = "{anonymous: allow, methods: [{proxy_headers: {subject: x-user-id, claims: {roles: x-roles}"
	networks := newAuthenticator(t, section+", networks: [10.0.0.0/8]}}]}")
	trusted := newAuthenticator(t, section+"}}]}")
	proxied := from("192.168.0.1", "X-User-Id", "42")
	proxied.Trusted = true
	elsewhere := from("192.168.0.1", "X-User-Id", "42")
	elsewhere.Trusted = true
	for _, tt := range []struct {
		name string
		a    *auth.Authenticator
		r    *auth.Request
		want string
	}{
		{"a proxy", networks, from("10.1.2.3", "X-User-Id", "42"), "proxy_headers 42"},
		{"a proxy, by IPv4 in IPv6", networks, from("::ffff:10.1.2.3", "X-User-Id", "42"), "proxy_headers 42"},
		{"another peer", networks, from("11.1.2.3", "X-User-Id", "42"), anonymous},
		{"one of trusted_proxies that is not in networks", networks, elsewhere, anonymous},
		{"no address", networks, &auth.Request{Header: header("X-User-Id", "42")}, anonymous},
		{"one of trusted_proxies", trusted, proxied, "proxy_headers 42"},
		{"not one of trusted_proxies", trusted, from("192.168.0.1", "X-User-Id", "42"), anonymous},
		{"nothing", networks, from("10.1.2.3"), anonymous},
		{"empty", networks, from("10.1.2.3", "X-User-Id", ""), anonymous},
		{"blank", networks, from("10.1.2.3", "X-User-Id", " \t"), anonymous},
		{"with blanks", networks, from("10.1.2.3", "X-User-Id", " 42\t"), "proxy_headers 42"},
		{"not UTF-8", networks, from("10.1.2.3", "X-User-Id", "4\xff2"), refused},
		{"twice", networks, from("10.1.2.3", "X-User-Id", "42", "X-User-Id", "42"), refused},
		{"empty, and then not", networks, from("10.1.2.3", "X-User-Id", "", "X-User-Id", "42"), refused},
		{"a claim twice", networks, from("10.1.2.3", "X-User-Id", "42", "X-Roles", "a", "X-Roles", "b"), refused},
		{"a claim alone", networks, from("10.1.2.3", "X-Roles", "a"), anonymous},
		{"with underscores", networks, from("10.1.2.3", "X_User_Id", "42"), anonymous},
	} {
		if got := outcome(t, tt.a, tt.r); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for value, want := range map[string]map[string]any{
		"admin,ops": {"sub": "42", "roles": "admin,ops"},
		"":          {"sub": "42"},
	} {
		identity, err := networks.Authenticate(t.Context(), from("10.1.2.3", "X-User-Id", "42", "X-Roles", value))
		if err != nil || !reflect.DeepEqual(identity.Claims, want) {
			t.Errorf("%+v, %v", identity, err)
		}
	}
	if names := slices.Sorted(slices.Values(networks.Headers())); !slices.Equal(names, []string{"X-Roles", "X-User-Id"}) || networks.UsesAmbientCredentials() {
		t.Error(names)
	}
}
