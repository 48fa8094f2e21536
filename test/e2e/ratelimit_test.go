package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/redistest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// Two gateways share their counters in Redis. Without Redis each counts in memory, and the
// log says so.
func TestRateLimitsInRedis(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	redis := redistest.Start(t, "--requirepass", "s3cret")
	t.Setenv("LOUCHE_TEST_REDIS", "s3cret")
	text := configFor(epmd, "    rate_limits: [{by: address, limit: 6, per: 24h}]") + fmt.Sprintf("redis: {address: '%s', password: {env: LOUCHE_TEST_REDIS}}\n", redis.Addr)
	var gateways []*running
	up := func(value float64) {
		for _, g := range gateways {
			eventually(t, fmt.Sprintf("louche_rate_limit_store_up is %v", value), func() bool { return g.metric(t, "louche_rate_limit_store_up") == value })
		}
	}
	outages := func() (n int) {
		for _, g := range gateways {
			n += len(g.log.Lines("counts its rate limits in memory"))
		}
		return n
	}
	admitted := func(g *running) (n int) {
		for range 10 {
			if _, answer := g.query(t, "{ hello }"); code(t, answer) != "RATE_LIMITED" {
				n++
			}
		}
		return n
	}
	var one, other *running
	for {
		one, other = startGateway(t, text), startGateway(t, strings.Replace(text, "louche@", "other@", 1))
		gateways = []*running{one, other}
		up(1)
		before := outages()
		a, b := admitted(one), admitted(other)
		if outages() > before { // Redis was too slow, as on a machine that stalls
			one.stop()
			other.stop()
			redis.Kill()
			redis.Start()
			continue
		}
		if a != 6 || b != 0 {
			t.Errorf("%d and %d were admitted", a, b)
		}
		break
	}
	redis.Kill()
	if a, b := admitted(one), admitted(other); a != 6 || b != 6 {
		t.Errorf("without Redis %d and %d were admitted", a, b)
	}
	up(0)
	redis.Start()
	up(1)
	for _, g := range gateways {
		if strings.Contains(g.log.String(), "s3cret") {
			t.Error("the password is in the log")
		}
	}
}

// A reload keeps the counters.
func TestReloadKeepsRateLimits(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	text := func(limit int, timeout time.Duration) string {
		return configFor(epmd, fmt.Sprintf("    timeout: %v", timeout), fmt.Sprintf("    rate_limits: [{by: identity, limit: %d, per: 24h}]", limit))
	}
	g := startGateway(t, text(1, 5*time.Minute))
	left := func() string {
		resp, _ := g.fetch(t, "/graphql?query=%7B+hello+%7D")
		return strings.SplitAfter(resp.Header.Get("RateLimit"), ";t")[0]
	}
	if got := left(); got != `"identity";r=0;t` {
		t.Error(got)
	}
	for i, change := range []string{text(1, 6*time.Minute), text(3, 6*time.Minute)} {
		g.configure(t, change)
		eventually(t, "the configuration is reloaded", func() bool { return strings.Count(g.log.String(), "configuration reloaded") == i+1 })
		if got, want := left(), fmt.Sprintf(`"identity";r=%d;t`, i); got != want {
			t.Errorf("%d: %s and not %s", i, got, want)
		}
	}
}

// A response that caches may store has no rate limit headers.
func TestRateLimitsAndCaches(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	file := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.WriteFile(file, []byte(`{"hello":"{ hello }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, configFor(epmd, "    rate_limits: [{by: address, limit: 100, per: 24h}]",
		fmt.Sprintf("    trusted_documents: {mode: log, manifests: [%s], cache_control: 'public, max-age=60'}", file)))
	for path, kept := range map[string]bool{"?documentId=hello": true, "?documentId=none": false, "?query=%7B+hello+%7D": false} {
		resp, _ := g.fetch(t, "/graphql"+path)
		told := resp.Header.Get("RateLimit") != "" && resp.Header.Get("RateLimit-Policy") != ""
		if public := resp.Header.Get("Cache-Control") != "no-store"; public != kept || told == kept {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

// Each identity has a quota of its own, from any address and by any method of
// authentication. Identities with the same claim share the quota of the claim.
func TestRateLimitsOfIdentities(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	public := write(t, issuer.public)
	g := startGateway(t, configFor(epmd, `    rate_limits:
      - {by: identity, limit: 2, per: 24h}
      - {by: {claim: tenant}, limit: 3, per: 24h}`,
		"    auth:",
		"      anonymous: allow",
		"      methods:",
		"        - jwt: {public_key_file: "+public+", issuer: us, audience: [my-app]}",
		"        - jwt: {public_key_file: "+public+", issuer: them, audience: [my-app]}",
		fmt.Sprintf("        - api_keys: {keys: [{name: \"42\", sha256: %q, claims: {tenant: initech}}]}", hash(apiKey))))
	token := func(claims map[string]any) []string {
		return []string{"Authorization", "Bearer " + issuer.sign("ES256", claims)}
	}
	for i, c := range []struct {
		header   []string
		admitted bool
		identity int // the identity's remaining quota
	}{
		{token(map[string]any{"tenant": "acme"}), true, 1},
		{token(map[string]any{"tenant": "acme", "jti": "another token"}), true, 0},
		{token(map[string]any{"tenant": "umbrella"}), false, 0}, // the same identity
		{append(token(map[string]any{"tenant": "umbrella"}), "X-Forwarded-For", "192.0.2.7"), false, 0},
		{token(map[string]any{"tenant": "acme", "sub": "43"}), true, 1},
		{token(map[string]any{"tenant": "acme", "sub": "44"}), false, 2}, // the tenant has run three operations
		{token(map[string]any{"tenant": "umbrella", "iss": "them"}), true, 1},
		{[]string{"X-Api-Key", apiKey}, true, 1},
		{[]string{"X-Forwarded-For", "192.0.2.7"}, true, 1},
		{[]string{"X-Forwarded-For", "192.0.2.8"}, true, 1},
	} {
		resp, got := answer(t, http.DefaultClient, "POST", g.url+"/graphql", `{"query":"{ counter }"}`, append(c.header, "Content-Type", "application/json")...)
		if admitted := got == ""; admitted != c.admitted || (resp.StatusCode == 429) == c.admitted {
			t.Errorf("%d: %d %s", i, resp.StatusCode, got)
		}
		if got, want := resp.Header.Get("RateLimit"), fmt.Sprintf(`"identity";r=%d;`, c.identity); !strings.HasPrefix(got, want) || !strings.Contains(got, `"claim-tenant"`) {
			t.Errorf("%d: RateLimit: %s, and not %s", i, got, want)
		}
	}
}
