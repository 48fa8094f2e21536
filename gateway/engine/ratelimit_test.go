package engine

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/ratelimit"
)

// Identities with the same method, issuer and subject are one client, whatever their
// addresses.
func TestRateLimitOfIdentity(t *testing.T) {
	var rules ratelimit.Rules
	if err := yaml.Unmarshal([]byte("[{by: identity, limit: 1, per: 24h}, {by: {claim: tenant}, limit: 5, per: 24h}]"), &rules); err != nil {
		t.Fatal(err)
	}
	store, err := ratelimit.NewStore(ratelimit.RedisConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{App: App{Limiter: ratelimit.New("/graphql", rules, store), Metrics: telemetry.NewMetrics().Requests("/graphql")}}
	for i, c := range []struct {
		method, issuer, subject string
		admitted                bool
	}{
		{"jwt", "https://a", "7", true},
		{"jwt", "https://a", "7", false},
		{"jwt", "https://b", "7", true},
		{"jwt", "https://a", "8", true},
		{"api_keys", "https://a", "7", true},
		{"jwt", "https://c", "7", true},
		{"jwt", "https://d", "7", false}, // the sixth operation of the tenant
	} {
		caller := &Caller{identity: &auth.Identity{Method: c.method, Issuer: c.issuer, Subject: c.subject, Claims: map[string]any{"tenant": "acme"}}}
		caller.Request.Client = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		if _, err := e.chargeOperation(nil, caller, "query", 1, true); (err == nil) != c.admitted {
			t.Errorf("%d: %v", i, err)
		}
	}
}
