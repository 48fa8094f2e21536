package e2e_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// protection is the section of an application that requires authentication.
type protection struct {
	name    string
	section []string // lines
	more    string   // of the configuration, outside of it
	// accepted are headers with valid credentials, refused are headers with invalid ones,
	// by name: header names and values in turn.
	accepted []string
	refused  map[string][]string
	// clients send them, by the same names. The default is http.DefaultClient.
	clients map[string]*http.Client
	// status is the status of every refused request, whatever else is wrong with it. 0:
	// other checks come first.
	status int
}

// ofAnotherAuthority names the credentials for which the gateway closes the connection.
const ofAnotherAuthority = "of another authority"

// requestKinds are the kinds of requests.
var requestKinds = []struct {
	name    string
	request [4]string // method, path, media type, body
	// quiet: the request does not reach the node, with any credentials.
	quiet bool
}{
	{name: "query", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ counter }"}`}},
	{name: "mutation", request: [4]string{"POST", "/graphql", "application/json", `{"query":"mutation { append(id: \"1\") }"}`}},
	{name: "introspection", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ __schema { queryType { name } } }"}`}},
	{name: "document of which nothing is known", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ counter"}`}},
	{name: "GET", request: [4]string{"GET", "/graphql?query=" + url.QueryEscape("{ counter }")}},
	{name: "HEAD", request: [4]string{"HEAD", "/graphql?query=" + url.QueryEscape("{ counter }")}},
	{name: "document alone", request: [4]string{"POST", "/graphql", "application/graphql", `{ counter }`}},
	{name: "form", request: [4]string{"POST", "/graphql", "application/x-www-form-urlencoded", "query=" + url.QueryEscape("{ counter }")}},
	{name: "batch", request: [4]string{"POST", "/graphql", "application/json", `[{"query":"{ counter }"},{"query":"mutation { append(id: \"1\") }"}]`}},
	{name: "hash registered", request: [4]string{"POST", "/graphql", "application/json", persisted(`{ counter }`, `"query":"{ counter }",`)}},
	{name: "hash", request: [4]string{"POST", "/graphql", "application/json", persisted(`{ counter }`, "")}},
	{name: "hash by GET", request: [4]string{"GET", "/graphql?extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hash(`{ counter }`)+`"}}`)}},
	{name: "trusted document", request: [4]string{"POST", "/trusted", "application/json", `{"documentId":"count"}`}},
	{name: "trusted document by GET", request: [4]string{"GET", "/trusted?documentId=count"}},
	{name: "schema", request: [4]string{"GET", "/graphql/schema.graphql"}, quiet: true},
}

func hash(document string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(document))) }

func persisted(document, more string) string {
	return `{` + more + `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash(document) + `"}}}`
}

// Unauthenticated requests do not reach the node, which counts its operations.
func TestUnauthenticatedRequestsReachNoNode(t *testing.T) {
	manifest := write(t, `{"count":"{ counter }"}`)
	files, elsewhere := beamtest.NewTLSFiles(t), beamtest.NewTLSFiles(t)
	elsewhere.CA = files.CA // these clients trust the gateway, and the gateway does not trust them
	for _, d := range []protection{
		{
			name:     "header of a proxy",
			section:  []string{"    context: {user: {header: X-User-Id, type: integer, required: true}}"},
			accepted: []string{"X-User-Id", "42"},
			refused: map[string][]string{
				"none":             nil,
				"empty":            {"X-User-Id", ""},
				"another header":   {"X-User", "42"},
				"not an integer":   {"X-User-Id", "admin"},
				"two":              {"X-User-Id", "42", "X-User-Id", "43"},
				"two in one":       {"X-User-Id", "42, 43"},
				"as a cookie":      {"Cookie", "X-User-Id=42"},
				"with underscores": {"X_User_Id", "42"},
			},
		},
		{
			name: "jwt",
			section: []string{
				"    auth:",
				"      methods:",
				"        - jwt: {public_key_file: " + write(t, issuer.public) + ", issuer: us, audience: [my-app]}",
			},
			accepted: []string{"Authorization", "Bearer " + issuer.sign("ES256", nil)},
			refused: map[string][]string{
				"none":                            nil,
				"empty":                           {"Authorization", "Bearer "},
				"garbage":                         {"Authorization", "Bearer a.b.c"},
				"without signature":               {"Authorization", "Bearer " + strings.TrimRight(issuer.sign("ES256", nil), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")},
				"unsigned":                        {"Authorization", "Bearer " + issuer.sign("none", nil)},
				"signed with the public key":      {"Authorization", "Bearer " + issuer.sign("HS256", nil)},
				"of another key":                  {"Authorization", "Bearer " + newIssuer().sign("ES256", nil)},
				"said to be of another algorithm": {"Authorization", "Bearer " + issuer.sign("RS256", nil)},
				"of another issuer":               {"Authorization", "Bearer " + issuer.sign("ES256", map[string]any{"iss": "them"})},
				"for others":                      {"Authorization", "Bearer " + issuer.sign("ES256", map[string]any{"aud": "other-app"})},
				"without aud":                     {"Authorization", "Bearer " + issuer.sign("ES256", map[string]any{"aud": nil})},
				"expired":                         {"Authorization", "Bearer " + issuer.sign("ES256", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})},
				"of tomorrow":                     {"Authorization", "Bearer " + issuer.sign("ES256", map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})},
				"under another word":              {"Authorization", "Basic " + issuer.sign("ES256", nil)},
				"in another header":               {"X-Authorization", "Bearer " + issuer.sign("ES256", nil)},
				"twice":                           {"Authorization", "Bearer " + issuer.sign("ES256", nil), "Authorization", "Bearer " + issuer.sign("ES256", nil)},
			},
			status: http.StatusUnauthorized,
		},
		{
			name: "phoenix_token",
			section: []string{
				"    auth:",
				"      methods:",
				"        - phoenix_token: {secret_key_base: {file: " + write(t, phoenix.secret) + "}, salt: user auth}",
			},
			accepted: []string{"Authorization", "Bearer " + phoenix.sign(42, time.Now())},
			refused: map[string][]string{
				"none":               nil,
				"empty":              {"Authorization", "Bearer "},
				"garbage":            {"Authorization", "Bearer garbage"},
				"truncated":          {"Authorization", "Bearer " + strings.TrimSuffix(phoenix.sign(42, time.Now()), "A")[:60]},
				"without signature":  {"Authorization", "Bearer " + phoenix.sign(42, time.Now())[:strings.LastIndex(phoenix.sign(42, time.Now()), ".")+1]},
				"of another user":    {"Authorization", "Bearer " + phoenix.tamper(42, 43)},
				"of another salt":    {"Authorization", "Bearer " + phoenixTokens{phoenix.secret, "another"}.sign(42, time.Now())},
				"of another secret":  {"Authorization", "Bearer " + phoenixTokens{strings.Repeat("another", 10), phoenix.salt}.sign(42, time.Now())},
				"expired":            {"Authorization", "Bearer " + phoenix.sign(42, time.Now().Add(-25*time.Hour))},
				"of tomorrow":        {"Authorization", "Bearer " + phoenix.sign(42, time.Now().Add(time.Hour))},
				"under another word": {"Authorization", "Basic " + phoenix.sign(42, time.Now())},
				"in another header":  {"X-Token", phoenix.sign(42, time.Now())},
				"in a cookie":        {"Cookie", "Authorization=" + phoenix.sign(42, time.Now())},
				"twice":              {"Authorization", "Bearer " + phoenix.sign(42, time.Now()), "Authorization", "Bearer " + phoenix.sign(42, time.Now())},
			},
			status: http.StatusUnauthorized,
		},
		{
			name: "api_keys",
			section: []string{
				"    auth:",
				"      methods:",
				"        - api_keys: {header: X-Api-Key, file: " + write(t, fmt.Sprintf("- {name: billing, sha256: %q}", hash(apiKey))) + "}",
			},
			accepted: []string{"X-Api-Key", apiKey},
			refused: map[string][]string{
				"none":      nil,
				"empty":     {"X-Api-Key", ""},
				"another":   {"X-Api-Key", strings.ToUpper(apiKey)},
				"truncated": {"X-Api-Key", apiKey[:len(apiKey)-1]},
				"longer":    {"X-Api-Key", apiKey + "0"},
				"its hash":  {"X-Api-Key", hash(apiKey)},
				"its name":  {"X-Api-Key", "billing"},
				"twice":     {"X-Api-Key", apiKey, "X-Api-Key", apiKey},
			},
			status: http.StatusUnauthorized,
		},
		{
			name: "proxy_headers",
			section: []string{
				"    auth:",
				"      methods:",
				"        - proxy_headers: {subject: X-User-Id, networks: [127.0.0.1/32]}",
			},
			accepted: []string{"X-User-Id", "42"},
			refused: map[string][]string{
				"none":             nil,
				"empty":            {"X-User-Id", ""},
				"two":              {"X-User-Id", "42", "X-User-Id", "43"},
				"with underscores": {"X_User_Id", "42"},
			},
			status: http.StatusUnauthorized,
		},
		{
			name: "client_certificate",
			section: []string{
				"    auth:",
				"      methods: [{client_certificate: {}}]",
			},
			more: fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s, client_ca_file: %s}\n", files.NodeCert, files.NodeKey, files.CA),
			refused: map[string][]string{
				"none":             nil,
				"in headers":       {"X-Forwarded-Client-Cert", "Subject=\"CN=client\"", "X-Ssl-Client-S-Dn", "CN=client", "X-Client-Cert", string(read(t, files.ClientCert))[:27]},
				ofAnotherAuthority: nil,
			},
			clients: map[string]*http.Client{
				"accepted":         trusting(t, files, true, true),
				"none":             trusting(t, files, true, false),
				"in headers":       trusting(t, files, false, false),
				ofAnotherAuthority: trusting(t, elsewhere, false, true),
			},
			status: http.StatusUnauthorized,
		},
	} {
		t.Run(d.name, func(t *testing.T) {
			epmd := beamtest.StartEPMD(t)
			node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
			ran := node.Count(t, "Absinthe.run/3")
			g := startGateway(t, configFor(epmd, slices.Concat(
				d.section,
				[]string{
					"    forms: true",
					"    contract: {sdl: public}",
					"  - path: /trusted",
					"    schema: TestApp.Schema",
					fmt.Sprintf("    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: 100ms}", epmd),
					fmt.Sprintf("    trusted_documents: {mode: enforce, manifests: [%s]}", manifest),
				},
				d.section,
			)...)+d.more)
			eventually(t, "the node has told its schema", func() bool { return strings.Count(g.status(t), `"schema_hash": "`) == 2 })

			refuse := func() {
				already := ran()
				for _, why := range slices.Sorted(maps.Keys(d.refused)) {
					for _, kind := range requestKinds {
						status, answer := g.sendAs(t, d.clients[why], kind.request, d.refused[why])
						if kind.quiet && d.status == 0 {
							continue
						}
						if hungUp := status == 0 && why == ofAnotherAuthority; !hungUp && (strings.Contains(answer, `"data"`) || answer == "" != (kind.request[0] == "HEAD") || d.status != 0 && status != d.status) {
							t.Errorf("%s, credentials %s: %d %s", kind.name, why, status, answer)
						}
						if now := ran(); now != already {
							t.Errorf("%s, credentials %s: the node ran %d operations", kind.name, why, now-already)
							already = now
						}
					}
				}
			}
			refuse()
			for _, kind := range requestKinds {
				already := ran()
				status, answer := g.sendAs(t, d.clients["accepted"], kind.request, d.accepted)
				if reached := ran() > already; status != 200 || reached == kind.quiet {
					t.Errorf("%s, with credentials: %d %s; reached the node: %v", kind.name, status, answer, reached)
				}
			}
			// The results of other clients are in the caches by now.
			refuse()
		})
	}
}

// A 401 names the scheme Bearer where Authorization carries the token, for missing and for
// invalid tokens (RFC 6750, section 3).
func TestChallenges(t *testing.T) {
	jwt := func(more string) string {
		return "jwt: {public_key_file: " + write(t, issuer.public) + ", issuer: us, audience: [my-app]" + more + "}"
	}
	keys := fmt.Sprintf("api_keys: {keys: [{name: billing, sha256: %q}]}", hash(apiKey))
	good, bad := issuer.sign("ES256", nil), newIssuer().sign("ES256", nil)
	const ask, refused = `Bearer realm="louche"`, `Bearer realm="louche", error="invalid_token"`
	for _, c := range []struct {
		name, section string
		challenges    map[string]string // the WWW-Authenticate header or "", by the header of the request
	}{
		{"in Authorization", "auth: {methods: [{" + jwt("") + "}]}", map[string]string{
			"": ask, "Authorization: Basic dXNlcjpwYXNz": ask, "X-Api-Key: " + apiKey: ask, "Cookie: token=" + good: ask,
			"Authorization: Bearer " + bad: refused, "Authorization: Bearer garbage": refused,
		}},
		{"where anonymous is allowed", "auth: {anonymous: allow, methods: [{" + jwt("") + "}]}", map[string]string{"Authorization: Bearer " + bad: refused}},
		{"in a cookie", "auth: {methods: [{" + jwt(", cookie: token") + "}]}\n    cors: {origins: []}", map[string]string{"": "", "Cookie: token=" + bad: ""}},
		{"in another header", "auth: {methods: [{" + keys + "}]}", map[string]string{"": "", "X-Api-Key: " + bad: ""}},
		{"in one of two", "auth: {methods: [{" + keys + "}, {" + jwt("") + "}]}", map[string]string{"": ask, "X-Api-Key: " + bad: refused}},
		{"an entry of the context", "context: {user: {header: X-User-Id, required: true}}", map[string]string{"": "", "X-User-Id: ": ""}},
		{"an operation's", "auth: {anonymous: allow, methods: [{" + jwt("") + "}], operations: [{kind: query, require: {scopes: [read]}}]}", map[string]string{"": ask}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := launch(t, strings.Replace(configWithoutNodes("    "+c.section), "apps:", "trusted_proxies: [127.0.0.0/8]\napps:", 1))
			for header, want := range c.challenges {
				name, value, _ := strings.Cut(header, ": ")
				resp, got := answer(t, http.DefaultClient, "POST", g.url+"/graphql", `{"query":"{ a }"}`, "Content-Type", "application/json", cmp.Or(name, "X-None"), value)
				if resp.StatusCode != 401 || got != "UNAUTHENTICATED" || resp.Header.Get("WWW-Authenticate") != want || resp.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%q: %d %s %v", header, resp.StatusCode, got, resp.Header)
				}
			}
			// Valid credentials without the required scope get 403 and no WWW-Authenticate.
			resp, got := answer(t, http.DefaultClient, "POST", g.url+"/graphql", `{"query":"{ a }"}`, "Content-Type", "application/json",
				"Authorization", "Bearer "+good, "X-Api-Key", apiKey, "Cookie", "token="+good, "X-User-Id", "1")
			if want := map[bool]string{false: "NO_NODE_AVAILABLE", true: "FORBIDDEN"}[strings.Contains(c.section, "scopes")]; got != want || resp.Header.Get("WWW-Authenticate") != "" {
				t.Errorf("with all of it: %d %s %v", resp.StatusCode, got, resp.Header)
			}
		})
	}
}

// A jwtIssuer makes valid and invalid JSON Web Tokens.
type jwtIssuer struct {
	key    *ecdsa.PrivateKey
	public string // PEM
}

var issuer = newIssuer()

func newIssuer() jwtIssuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return jwtIssuer{key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

// sign makes a token whose header names this algorithm, with more claims than the usual
// ones.
func (i jwtIssuer) sign(algorithm string, claims map[string]any) string {
	all := map[string]any{"iss": "us", "aud": "my-app", "sub": "42", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	payload, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	text := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"typ":"JWT"}`, algorithm)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	var signature []byte
	switch algorithm {
	case "none":
	case "HS256":
		mac := hmac.New(sha256.New, []byte(i.public))
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	default:
		sum := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
		if err != nil {
			panic(err)
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const apiKey = "an-api-key-of-the-tests-0123456789abcdef"

// phoenixTokens makes tokens as Phoenix.Token.sign does.
type phoenixTokens struct{ secret, salt string }

var phoenix = phoenixTokens{strings.Repeat("0123456789abcdef", 4), "user auth"}

func (p phoenixTokens) sign(user int64, at time.Time) string {
	term := etf.AppendTuple([]byte{131}, 3)
	term = etf.AppendInt(term, user)
	term = etf.AppendInt(term, at.UnixMilli())
	term = etf.AppendInt(term, 86400)
	signed := "SFMyNTY." + base64.RawURLEncoding.EncodeToString(term)
	key, err := pbkdf2.Key(sha256.New, p.secret, []byte(p.salt), 1000, 32)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// tamper returns a token of one user with the signature of another user's token.
func (p phoenixTokens) tamper(signed, written int64) string {
	now := time.Now()
	ours, others := p.sign(signed, now), p.sign(written, now)
	return others[:strings.LastIndex(others, ".")] + ours[strings.LastIndex(ours, "."):]
}

// sendAs sends a request with these headers. If the gateway closes the connection, the
// status is 0 and the body is the error.
func (g *running) sendAs(t *testing.T, client *http.Client, request [4]string, header []string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), request[0], g.url+request[1], strings.NewReader(request[3]))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "a program") // passes CSRF prevention
	if request[2] != "" {
		r.Header.Set("Content-Type", request[2])
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
	}
	resp, err := cmp.Or(client, http.DefaultClient).Do(r)
	switch {
	case err != nil && client != nil:
		return 0, err.Error()
	case err != nil:
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}
