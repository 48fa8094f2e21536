package e2e_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/louche-graphql/louche/test/beamtest"
)

const audience = "https://api.example.com/"

// openID is a real OpenID provider.
type openID struct {
	issuer string
	stop   func()
}

// startProvider starts testdata/clients/provider.mjs at an address, with new keys.
func startProvider(t *testing.T, address string) *openID {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "provider.mjs", port)
	node.Dir = clientsFolder(t)
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatalf("%v (it needs Node.js 20 or later)", err)
	}
	p := &openID{issuer: "http://" + address}
	p.stop = func() {
		node.Process.Kill()
		node.Wait()
	}
	t.Cleanup(p.stop)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the provider does not start: %v, %s", err, line)
	}
	go io.Copy(io.Discard, out)
	return p
}

// token returns an access token of a user.
func (p *openID) token(t *testing.T, audience string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+"/token", strings.NewReader(url.Values{
		"grant_type": {"client_credentials"}, "scope": {"read"}, "resource": {audience},
	}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("gateway-test", "not-a-secret")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("the provider gives no token: %d, %v", resp.StatusCode, err)
	}
	return answer.Token
}

func (p *openID) do(t *testing.T, path string) {
	t.Helper()
	resp, err := http.Post(p.issuer+path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// counterAs runs { counter } with a token.
func (g *running) counterAs(t *testing.T, token string) (int, string) {
	t.Helper()
	return g.post(t, `{"query":"{ counter }"}`, "Authorization", "Bearer "+token)
}

// forged returns a token that names an issuer and has another signature.
func forged(t *testing.T, issuer, kid string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims, _ := json.Marshal(map[string]any{"iss": issuer, "aud": audience, "sub": "root", "exp": time.Now().Unix() + 600})
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The gateway follows a real provider that starts late, rotates its keys, fails, and
// returns with other keys.
func TestOpenIDProvider(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	address := beamtest.FreeAddress(t, nil)
	g := startGateway(t, configFor(epmd, fmt.Sprintf(`    auth: {methods: [{jwt: {issuer: "http://%s", audience: ["%s"], discover: true, refresh: 10s}}]}`, address, audience)))
	accepted := 0
	takes := func(what, token string) {
		t.Helper()
		status, answer := g.counterAs(t, token)
		if accepted++; status != 200 || answer != fmt.Sprintf(`{"data":{"counter":%d}}`, accepted) {
			t.Fatalf("%s: %d %s", what, status, answer)
		}
	}
	eventuallyTakes := func(what, token string) {
		t.Helper()
		eventually(t, what, func() bool {
			status, _ := g.counterAs(t, token)
			if status == 200 {
				accepted++
			}
			return status == 200
		})
	}
	refuses := func(what, token string, want int, wantCode string) {
		t.Helper()
		if status, answer := g.counterAs(t, token); status != want || code(t, answer) != wantCode {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}

	refuses("a token while the provider has never been there", forged(t, "http://"+address, "k"), 503, "AUTHENTICATION_UNAVAILABLE")
	if status, answer := g.query(t, `{ counter }`); status != 401 {
		t.Errorf("without a token: %d %s", status, answer)
	}
	eventually(t, "operators see it", func() bool { return strings.Contains(g.status(t), `"problem"`) })

	provider := startProvider(t, address)
	first := provider.token(t, audience)
	eventuallyTakes("the provider is there", first)
	takes("again", first)
	refuses("for another audience", provider.token(t, "https://other.example.com/"), 401, "UNAUTHENTICATED")
	refuses("forged", forged(t, provider.issuer, "k"), 401, "UNAUTHENTICATED")
	refuses("tampered", first[:len(first)-20]+strings.Repeat("A", 20), 401, "UNAUTHENTICATED")
	series := fmt.Sprintf(`{app="/graphql",issuer="%s"}`, provider.issuer)
	if n, age := g.metric(t, "louche_jwks_keys"+series), g.metric(t, "louche_jwks_age_seconds"+series); n != 1 || age < 0 || age > 60 {
		t.Errorf("metrics: %v keys, %v s old", n, age)
	}

	provider.do(t, "/test/rotate")
	second := provider.token(t, audience)
	eventuallyTakes("a new key is known", second)
	takes("with the old key", first)

	provider.do(t, "/test/forget")
	eventually(t, "the old key is forgotten", func() bool {
		status, _ := g.counterAs(t, first)
		if status == 200 {
			accepted++
		}
		return status == 401
	})
	takes("with the new key", second)

	provider.stop()
	eventually(t, "the outage is noticed", func() bool { return strings.Contains(g.status(t), `"problem"`) })
	takes("during the outage", second)
	refuses("a key that cannot be looked up", forged(t, provider.issuer, "other"), 503, "AUTHENTICATION_UNAVAILABLE")

	provider = startProvider(t, address)
	eventuallyTakes("the provider is back", provider.token(t, audience))
	refuses("with the key from before", second, 401, "UNAUTHENTICATED")
	if warnings := strings.Count(g.log.String(), "keys cannot be fetched"); warnings < 2 {
		t.Errorf("%d lines about two outages", warnings)
	}
	if text := g.log.String(); strings.Contains(text, first[len(first)-20:]) || strings.Contains(text, second[len(second)-20:]) {
		t.Error("a token is in the log")
	}
}

// A faulty provider delays and refuses requests with its own tokens only: they get 503 in
// bounded time.
func TestHostileProvider(t *testing.T) {
	var behaviour atomic.Value
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		behaviour.Load().(http.HandlerFunc)(w, r)
	}))
	defer provider.Close()
	defer provider.CloseClientConnections()
	for name, misbehaves := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
					return
				}
			}
		},
		"malformed": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[{"kty":"RSA","n":"AQAB"`) },
		"secret": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"keys":[{"kty":"oct","k":"aHVudGVyMg","kid":"k"}]}`)
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://id.example.com/", http.StatusFound)
		},
		"failing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
	} {
		t.Run(name, func(t *testing.T) {
			behaviour.Store(misbehaves)
			g := launch(t, configFor(1, fmt.Sprintf(`    auth: {methods: [{jwt: {issuer: i, audience: ["%s"], jwks: "%s"}}]}`, audience, provider.URL)))
			if status, _ := g.query(t, `{ counter }`); status != 401 {
				t.Errorf("without a token: %d", status)
			}
			status, answer := g.counterAs(t, forged(t, "i", "k"))
			if status != 503 || code(t, answer) != "AUTHENTICATION_UNAVAILABLE" {
				t.Errorf("%d %s", status, answer)
			}
			if text := g.log.String() + g.status(t); strings.Contains(text, "aHVudGVyMg") {
				t.Error("the secret is told")
			}
		})
	}
}
