package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A reload ends streams whose key is no longer in the file. Streams whose claims have changed
// have to subscribe again, and others go on.
func TestReloadEndsStreamsOfRevokedKeys(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	key := func(name string) string { return "louche_0123456789_" + name }
	entry := func(name, more string) string {
		return fmt.Sprintf("- {name: %s, sha256: %q%s}\n", name, hash(key(name)), more)
	}
	keys := write(t, entry("kept", "")+entry("revoked", "")+entry("changed", ""))
	g := startGateway(t, configFor(epmd, subscriptions, "    auth: {methods: [{api_keys: {file: "+keys+"}}]}"))
	streams := make(map[string]*stream)
	for _, name := range []string{"kept", "revoked", "changed"} {
		streams[name] = g.subscribe(t, "news", "X-Api-Key", key(name))
	}
	if err := os.WriteFile(keys, []byte(entry("kept", "")+entry("changed", ", claims: {role: guest}")), 0o600); err != nil {
		t.Fatal(err)
	}
	streams["revoked"].expect(t, `next {"errors":[{"message":"The request's credentials are no longer accepted.","extensions":{"code":"UNAUTHENTICATED"}}]}`, "complete", "")
	streams["changed"].expect(t, "retry 1000", "")
	if s := g.stream(t, subscriptionOf("news"), "X-Api-Key", key("revoked")); s.StatusCode != http.StatusUnauthorized {
		t.Errorf("the revoked key: %s", s.Status)
	}
	g.subscribe(t, "news", "X-Api-Key", key("changed"))
	node.Publish(t, "news", "1")
	streams["kept"].expect(t, nextOf("1"))
}

// A stream ends when the token does, as on_expiry says.
func TestStreamExpiresWithItsToken(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	before := node.Subscribers(t)
	issuer := newIssuer()
	for onExpiry, end := range map[string][]string{
		"end":       {`next {"errors":[{"message":"The request's credentials have expired.","extensions":{"code":"UNAUTHENTICATED"}}]}`, "complete", ""},
		"reconnect": {"retry 1000", ""},
	} {
		t.Run(onExpiry, func(t *testing.T) {
			g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {on_expiry: "+onExpiry+"}", "    auth: {methods: [{jwt: {public_key_file: "+write(t, issuer.public)+", issuer: us, audience: [my-app], leeway: 1s}}]}"))
			var s *stream
			for life, accepted := 3*time.Second, false; !accepted; life *= 2 { // a slow machine may take longer than the token lives
				signed := time.Now()
				s = g.stream(t, subscriptionOf("news"), "Authorization", "Bearer "+issuer.sign("ES256", map[string]any{"exp": signed.Add(life).Unix()}))
				node.Publish(t, "news", "1")
				first := s.next(t)
				accepted = s.StatusCode == http.StatusOK && first == nextOf("1")
				if !accepted && time.Since(signed) < life-time.Second { // exp has whole seconds
					t.Fatalf("%s, event %q", s.Status, first)
				}
			}
			s.expect(t, end...)
			eventually(t, "no process is left", func() bool { return node.Subscribers(t) == before })
		})
	}
}

// A client that leaves, or does not read, is no error of the gateway.
func TestSubscriberLeaves(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions, "    subscriptions: {heartbeat: 20ms}")+"log: {level: debug}\nlimits: {write_timeout: 100ms}\n")
	before := node.Subscribers(t)
	g.subscribe(t, "left").leave()
	unread := g.subscribe(t, "unread")
	defer unread.leave()
	big := `String.duplicate("x", 500_000)`
	for range 40 { // more than the sockets hold
		node.Publish(t, "unread", big)
	}
	eventually(t, "both have ended", func() bool { return node.Subscribers(t) == before })
	eventually(t, "both are logged", func() bool { return strings.Count(g.log.String(), "kind=subscription") == 2 })
	if log := g.log.String(); strings.Contains(log, "INTERNAL") {
		t.Errorf("a subscriber that left counts as an error:\n%s", log)
	}
}
