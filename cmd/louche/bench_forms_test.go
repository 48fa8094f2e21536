package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// BenchmarkForms compares the forms of a request and of its answer, with 8 callers
// that take turns: each in requests a second, and in CPU time of the gateway.
func BenchmarkForms(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd, Args: []string{"+sbwt", "none"}})
	manifest := filepath.Join(b.TempDir(), "manifest.json")
	if err := os.WriteFile(manifest, fmt.Appendf(nil, `{"seed":%q}`, benchDocument), 0o600); err != nil {
		b.Fatal(err)
	}
	address, pid := runGateway(b, fmt.Sprintf(`node: {name: louche@127.0.0.1, cookie_file: %s}
trusted_proxies: [127.0.0.0/8]
apps:
  - schema: TestApp.Schema
    discovery: &found {dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: 100ms}
    context: &user {current_user_id: {header: X-User-Id, type: integer}}
  - path: /trusted
    schema: TestApp.Schema
    discovery: *found
    context: *user
    trusted_documents: {mode: enforce, manifests: [%s]}
`, cookieFile, epmd, manifest))

	var sides []side
	add := func(name, method, target, body string, header ...string) {
		request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nX-User-Id: %d\r\n%s", method, target, address, benchUser, strings.Join(append(header, ""), "\r\n"))
		if method == "POST" {
			request += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
		}
		load := &httpLoad{address: address, request: []byte(request + "\r\n" + body)}
		load.run(b, 1, 1) // it must be answered with 200
		sides = append(sides, side{name, load, []process{{"gateway", pid}}})
	}
	hash := sha256.Sum256([]byte(benchDocument))
	extensions := fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":"%s"}}`, hex.EncodeToString(hash[:]))
	plain := fmt.Sprintf(`{"query":%q}`, benchDocument)
	const large = `{"query":"{ large(bytes: 16384) }"}`

	add("plain", "POST", "/graphql", plain)
	add("response+json", "POST", "/graphql", plain, "Accept: application/graphql-response+json,application/json;q=0.9")
	add("timeout", "POST", "/graphql", plain, "X-Request-Timeout: 5")
	add("get", "GET", "/graphql?query="+url.QueryEscape(benchDocument), "")
	add("persisting", "POST", "/graphql", fmt.Sprintf(`{"query":%q,"extensions":%s}`, benchDocument, extensions))
	add("by-hash", "POST", "/graphql", fmt.Sprintf(`{"extensions":%s}`, extensions))
	add("by-id", "POST", "/trusted", `{"documentId":"seed"}`)
	add("trusted-text", "POST", "/trusted", plain)
	add("batch-of-10", "POST", "/graphql", "["+strings.Repeat(plain+",", 9)+plain+"]")
	add("16KiB", "POST", "/graphql", large)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		add("16KiB-"+coding, "POST", "/graphql", large, "Accept-Encoding: "+coding)
	}
	b.Run("callers=8", func(b *testing.B) { measure(b, sides, 8).report(b) })
}
