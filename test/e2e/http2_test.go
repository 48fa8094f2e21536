package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// runHTTP2Client runs the client of HTTP/2, which cancels an operation when the node runs it.
func runHTTP2Client(t *testing.T, node *beamtest.Node, args ...string) {
	t.Helper()
	actOnLines(t, map[string]func(){"sleeps": func() { node.WaitOutput(t, "sleeping ") }}, "http2.mjs", args...)
}

// A canceled stream ends its operation on the node.
func TestHTTP2InClearText(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	runHTTP2Client(t, node, g.url+"/graphql")
	node.WaitOutput(t, "gone ")
	eventually(t, "the connection is no longer counted", func() bool {
		resp, err := http.Get(g.admin + "/status")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var status struct {
			Connections int
			InFlight    int `json:"in_flight"`
		}
		return json.NewDecoder(resp.Body).Decode(&status) == nil && status.Connections == 1 && status.InFlight == 0
	})
}

func TestTLS(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	files, renewed := beamtest.NewTLSFiles(t), beamtest.NewTLSFiles(t)
	section := func(f beamtest.TLSFiles) string {
		return configFor(epmd) + fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s}\n", f.NodeCert, f.NodeKey)
	}
	g := startGateway(t, section(files))
	runHTTP2Client(t, node, g.url+"/graphql", files.CA)

	// protocol returns the HTTP version of a client that trusts these files.
	protocol := func(f beamtest.TLSFiles, versions func(*http.Protocols)) (string, error) {
		transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: trustingAuthority(t, f.CA)}
		versions(transport.Protocols)
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Post(g.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ hello }"}`))
		if err != nil {
			return "", err
		}
		resp.Body.Close()
		return resp.Proto, nil
	}
	one := func(p *http.Protocols) { p.SetHTTP1(true) }
	both := func(p *http.Protocols) { p.SetHTTP1(true); p.SetHTTP2(true) }
	if got, err := protocol(files, one); got != "HTTP/1.1" {
		t.Errorf("a client without HTTP/2 got %s, %v", got, err)
	}
	if got, err := protocol(files, both); got != "HTTP/2.0" {
		t.Errorf("a client of both got %s, %v", got, err)
	}
	if _, err := protocol(renewed, both); err == nil {
		t.Error("the certificate is from another authority")
	}

	// A renewed certificate is used, an invalid one is not.
	g.configure(t, section(renewed))
	eventually(t, "the renewed certificate is presented", func() bool {
		_, err := protocol(renewed, both)
		return err == nil
	})
	g.configure(t, configFor(epmd)+fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s}\n", files.NodeCert, renewed.NodeKey))
	eventually(t, "the mistake is logged", func() bool {
		return strings.Contains(g.log.String(), "configuration refused, the former one stays")
	})
	if _, err := protocol(renewed, both); err != nil {
		t.Errorf("after a bad certificate: %v", err)
	}
}

// A stopping gateway finishes the requests of an HTTP/2 connection, and tells the client to
// open another connection.
func TestStopWithHTTP2(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	answered := make(chan string, 1)
	go func() {
		resp, err := client.Post(g.url+"/graphql", "application/json", strings.NewReader(sleep))
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		answered <- fmt.Sprint(resp.Proto, " ", string(body), err)
	}()
	node.WaitOutput(t, "sleeping ")
	g.begin()
	g.waitClosed(t)
	node.Wake(t)
	if err := g.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if got := <-answered; got != `HTTP/2.0 {"data":{"sleep":true}}<nil>` {
		t.Errorf("the request in flight got %s", got)
	}
}
