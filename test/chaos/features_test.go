package chaos

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// featuresOn is whether the gateways have everything switched on. TEST_CHAOS_FEATURES=off:
// they have the defaults.
var featuresOn = os.Getenv("TEST_CHAOS_FEATURES") != "off"

// apiKey is the credential of all clients.
const apiKey = "an-api-key-of-the-tests-0123456789abcdef"

// withFeatures adds the features to settings, but for keys that the application has.
func (s settings) withFeatures() settings {
	if !featuresOn {
		return s
	}
	s.top = append(slices.Clip(s.top),
		"log: {access: 0.1}",
		fmt.Sprintf("traces: {endpoint: %q, sample: 0.1}", collector()))
	app := []string{
		"share: on",
		"prepare: on",
		fmt.Sprintf("auth: {anonymous: refuse, methods: [{api_keys: {keys: [{name: chaos, sha256: \"%x\"}]}}]}", sha256.Sum256([]byte(apiKey))),
		"contract: {validate: enforce, pin: true, usage: true}",
		"document_limits: {bytes: 32768, tokens: 1000, fields: 1000, depth: 20, aliases: 100, root_fields: 50, directives: 50, introspection: identified}",
		"rate_limits: [{by: address, limit: 1000000000, per: 1s}, {by: identity, cost: root_fields, limit: 1000000000, per: 1s}]",
	}
	s.app = slices.Concat(s.app, slices.DeleteFunc(slices.Clone(app), s.has))
	if s.more != nil {
		s.more = slices.Concat(s.more, indented(app))
	}
	return s
}

// has reports whether the application has the key of a line.
func (s settings) has(line string) bool {
	key, _, _ := strings.Cut(line, ":")
	return slices.ContainsFunc(s.app, func(own string) bool { return strings.HasPrefix(own, key+":") })
}

func indented(keys []string) (lines []string) {
	for _, key := range keys {
		lines = append(lines, "    "+key)
	}
	return lines
}

// collector returns the address of a collector of traces, which takes everything.
var collector = sync.OnceValue(func() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // a connection would have goroutines in the gateway
		io.Copy(io.Discard, r.Body)
	})).URL
})

// newRequest returns a request with credentials.
func (g *gateway) newRequest(ctx context.Context, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.listen+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", apiKey)
	return r, nil
}

// expectPrepared fails if no call ran from a prepared document.
func (g *gateway) expectPrepared(t testing.TB) {
	t.Helper()
	if !featuresOn {
		return
	}
	prepared := g.metric(t, `louche_prepared_calls_total{app="/graphql"}`)
	t.Logf("figures: %.0f calls ran from prepared documents", prepared)
	if prepared == 0 {
		t.Error("no call ran from a prepared document, so the test shows nothing about them")
	}
}
