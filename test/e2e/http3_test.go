package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/louche-graphql/louche/test/beamtest"
)

// http3Client returns a client that speaks HTTP/3 alone.
func http3Client(t testing.TB, files beamtest.TLSFiles) (client *http.Client, disconnect func()) {
	t.Helper()
	transport := &http3.Transport{TLSClientConfig: trustingAuthority(t, files.CA)}
	t.Cleanup(func() { transport.Close() })
	return &http.Client{Transport: transport}, func() { transport.Close() }
}

// askOver sends a document, and returns the response and its body.
func askOver(t testing.TB, client *http.Client, url, document string) (*http.Response, string) {
	t.Helper()
	resp, err := client.Post(url+"/graphql", "application/json", strings.NewReader(`{"query":"`+document+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

// http3Section names a port, because the one that the system gives for TCP may be taken for UDP.
func http3Section(t testing.TB, files beamtest.TLSFiles) string {
	t.Helper()
	return fmt.Sprintf("listen: %s\nhttp3: true\ntls: {cert_file: %s, key_file: %s}\n", beamtest.FreeAddress(t, nil), files.NodeCert, files.NodeKey)
}

// Responses over TCP announce HTTP/3, which serves the same. At the end a request in flight is
// answered, and an idle client is not waited for.
func TestHTTP3(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	files := beamtest.NewTLSFiles(t)
	g := startGateway(t, configFor(epmd, "    timeout: 1h")+http3Section(t, files))
	const want = `{"data":{"hello":"hello world"}}`

	over2 := &http.Client{Transport: &http.Transport{TLSClientConfig: trustingAuthority(t, files.CA), ForceAttemptHTTP2: true}}
	resp, answer := askOver(t, over2, g.url, "{ hello }")
	announced := fmt.Sprintf(`h3=":%s"; ma=86400`, g.url[strings.LastIndex(g.url, ":")+1:])
	if answer != want || resp.Header.Get("Alt-Svc") != announced {
		t.Errorf("%s, %v: %s", resp.Proto, resp.Header, answer)
	}
	idle, _ := http3Client(t, files)
	resp, answer = askOver(t, idle, g.url, "{ hello }")
	if answer != want || resp.Proto != "HTTP/3.0" {
		t.Errorf("%s: %s", resp.Proto, answer)
	}
	leaving, disconnect := http3Client(t, files)
	askOver(t, leaving, g.url, "{ hello }")
	counted := func(n float64) {
		t.Helper()
		eventually(t, fmt.Sprintf("%v connections are counted", n), func() bool { return g.metric(t, `louche_connections{protocol="http/3"}`) == n })
	}
	counted(2)
	disconnect()
	counted(1)

	busy, _ := http3Client(t, files)
	answered := make(chan string, 1)
	go func() {
		defer close(answered)
		_, answer := askOver(t, busy, g.url, "{ sleep(ms: 3600000) }")
		answered <- answer
	}()
	node.WaitOutput(t, "sleeping ")
	g.begin()
	eventually(t, "no more requests are taken", func() bool {
		client, disconnect := http3Client(t, files)
		defer disconnect()
		resp, err := client.Get(g.url + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err != nil
	})
	node.Wake(t)
	if answer := <-answered; answer != `{"data":{"sleep":true}}` {
		t.Errorf("the request in flight: %s", answer)
	}
	if err := g.stop(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

// An address has limits.connections_per_address over HTTP/3, too.
func TestConnectionsOverHTTP3(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	g := launch(t, configWithoutNodes("limits: {connections: 100, connections_per_address: 1}", http3Section(t, files)))
	healthy := func(client *http.Client) bool {
		resp, err := client.Get(g.url + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	}
	first, disconnect := http3Client(t, files)
	if !healthy(first) {
		t.Fatal("the first connection is refused")
	}
	if second, _ := http3Client(t, files); healthy(second) {
		t.Error("a second connection is accepted")
	}
	disconnect()
	eventually(t, "there is room again", func() bool {
		client, _ := http3Client(t, files)
		return healthy(client)
	})
}

// The throughput of one client over HTTP/3, beside HTTP/1.1 and HTTP/2 over TLS.
func BenchmarkProtocols(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd})
	files := beamtest.NewTLSFiles(b)
	g := startGateway(b, configFor(epmd)+http3Section(b, files))
	over3, _ := http3Client(b, files)
	for name, client := range map[string]*http.Client{
		"HTTP/1.1": {Transport: &http.Transport{TLSClientConfig: trustingAuthority(b, files.CA), MaxIdleConnsPerHost: 64}},
		"HTTP/2":   {Transport: &http.Transport{TLSClientConfig: trustingAuthority(b, files.CA), ForceAttemptHTTP2: true}},
		"HTTP/3":   over3,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, answer := askOver(b, client, g.url, "{ hello }"); answer != `{"data":{"hello":"hello world"}}` {
						b.Error(answer)
					}
				}
			})
		})
	}
}
