package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// announcement returns the header of a proxy for a client at an address.
func announcement(version byte, client string) *proxyproto.Header {
	address := &net.TCPAddr{IP: net.ParseIP(client), Port: 4711}
	to := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 443}
	if address.IP.To4() == nil {
		to.IP = net.ParseIP("2001:db8::7")
	}
	return proxyproto.HeaderProxyFromAddrs(version, address, to)
}

// behindProxy returns a client whose connections begin with a header.
func behindProxy(header *proxyproto.Header, protocols string, config *tls.Config) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: config.Clone(), DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			_, err = header.WriteTo(conn)
		}
		return conn, err
	}}
	transport.Protocols.SetHTTP1(protocols == "HTTP/1.1")
	transport.Protocols.SetHTTP2(protocols == "HTTP/2" && config != nil)
	transport.Protocols.SetUnencryptedHTTP2(protocols == "HTTP/2" && config == nil)
	return &http.Client{Transport: transport}
}

// admitted sends operations to a gateway without nodes until a rate limit refuses one. It returns
// the number of the others.
func admitted(t *testing.T, client *http.Client, url string, header ...string) (n int) {
	t.Helper()
	for range 10 {
		if _, got := answer(t, client, "POST", url+"/graphql", `{"query":"{ a }"}`, append(header, "Content-Type", "application/json")...); got == "RATE_LIMITED" {
			return n
		}
		n++
	}
	return n
}

// The header of a proxy names the client, whose address counts for rate limits, over both
// versions of HTTP and of the header, and with TLS.
func TestProxyProtocol(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	section := configWithoutNodes("    rate_limits: [{by: address, limit: 2, per: 24h}]", "proxy_protocol: [127.0.0.1/32]", "trusted_proxies: [10.1.1.1/32, 127.0.0.0/8]")
	for name, config := range map[string]*tls.Config{"clear": nil, "TLS": trustingAuthority(t, files.CA)} {
		section := section
		if config != nil {
			section += fmt.Sprintf("tls: {cert_file: %s, key_file: %s}\n", files.NodeCert, files.NodeKey)
		}
		g := launch(t, section)
		for i, c := range []struct {
			version   byte
			protocols string
			client    string
			header    []string
			want      int
		}{
			{1, "HTTP/1.1", "192.0.2.1", nil, 2},
			{2, "HTTP/1.1", "192.0.2.1", nil, 0},
			{2, "HTTP/1.1", "192.0.2.2", nil, 2},
			{1, "HTTP/2", "192.0.2.2", nil, 0},
			{2, "HTTP/2", "192.0.2.3", nil, 2},
			{1, "HTTP/1.1", "2001:db8::1", nil, 2},
			{2, "HTTP/1.1", "2001:db8::1", nil, 0},
			// X-Forwarded-For counts if the client is a trusted proxy, and the proxy of the
			// header is not asked.
			{2, "HTTP/1.1", "192.0.2.4", []string{"X-Forwarded-For", "198.51.100.1"}, 2},
			{2, "HTTP/1.1", "10.1.1.1", []string{"X-Forwarded-For", "198.51.100.1"}, 2},
			{2, "HTTP/1.1", "10.1.1.1", []string{"X-Forwarded-For", "198.51.100.2"}, 2},
			{2, "HTTP/1.1", "10.1.1.1", []string{"X-Forwarded-For", "198.51.100.2"}, 0},
		} {
			if got := admitted(t, behindProxy(announcement(c.version, c.client), c.protocols, config), g.url, c.header...); got != c.want {
				t.Errorf("%s, %d: %d of %s were admitted, want %d", name, i, got, c.client, c.want)
			}
		}
		local := &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL}
		resp, err := behindProxy(local, "HTTP/1.1", config).Get(g.url + "/healthz")
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: a health check of the proxy: %v %v", name, resp, err)
		}
	}
}

// replyTo sends text over a new connection, and returns what comes until the gateway closes it.
func replyTo(t *testing.T, g *running, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", g.url[strings.LastIndex(g.url, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(waittest.Limit))
	io.WriteString(conn, text)
	got, _ := io.ReadAll(conn) // a reset is the end, too
	return string(got)
}

const healthRequest = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// A connection of a proxy that does not begin with a valid header is closed without an answer.
// The log says so, unless the proxy has sent nothing.
func TestProxyWithoutHeader(t *testing.T) {
	const problem = "begins without a valid header of the PROXY protocol"
	// The begin of a header has to come within the timeout, which may be too short on this machine.
	for timeout, lines := 300*time.Millisecond, 0; lines == 0; timeout *= 2 {
		impatient := launch(t, configWithoutNodes("proxy_protocol: [127.0.0.1/32]", fmt.Sprintf("limits: {read_timeout: %v}", timeout)))
		if got := replyTo(t, impatient, ""); got != "" || len(impatient.log.Lines("PROXY protocol")) != 0 {
			t.Errorf("silence: %q\n%s", got, impatient.log)
		}
		got := replyTo(t, impatient, "PROX")
		if lines = len(impatient.log.Lines(problem)); got != "" || lines == 0 && timeout > time.Minute {
			t.Fatalf("the begin of a header: %q\n%s", got, impatient.log)
		}
	}
	g := launch(t, configWithoutNodes("proxy_protocol: [127.0.0.1/32]", "limits: {read_timeout: 1h}"))
	for i, sent := range []string{
		healthRequest,
		"PROXY TCP4 192.0.2.1 10.0.0.7 4711\r\n" + healthRequest,
		"PROXY TCP4 192.0.2.1 10.0.0.7 4711 443\n" + healthRequest,
		"PROXY TCP4 2001:db8::1 10.0.0.7 4711 443\r\n" + healthRequest,
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x05short" + healthRequest,
		"\r\n\r\n\x00\r\nQUIT\n\x41\x11\x00\x00" + healthRequest,
	} {
		got := replyTo(t, g, sent)
		lines := g.log.Lines(problem)
		if got != "" || len(lines) != i+1 || !strings.Contains(lines[i], "proxy=127.0.0.1:") {
			t.Errorf("%q: %q, %q", sent, got, lines)
		}
	}
	if got := replyTo(t, g, "PROXY UNKNOWN\r\n"+healthRequest); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("UNKNOWN: %q", got)
	}
}

// Other peers than those of proxy_protocol cannot name an address.
func TestHeaderOfAnotherPeer(t *testing.T) {
	g := launch(t, configWithoutNodes("proxy_protocol: [192.0.2.0/24]"))
	for version, sent := range map[string]string{
		"1": "PROXY TCP4 192.0.2.1 10.0.0.7 4711 443\r\n" + healthRequest,
		"2": "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\x0a\x00\x00\x07\x12\x67\x01\xbb" + healthRequest,
	} {
		if got := replyTo(t, g, sent); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("version %s: %q", version, got)
		}
	}
	if got := replyTo(t, g, healthRequest); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("without one: %q", got)
	}
}

// A client has limits.connections_per_address behind the proxy, too. For another connection the
// idle one of the same client closes, not that of another client.
func TestConnectionsOfClientsBehindProxy(t *testing.T) {
	g := launch(t, configWithoutNodes("proxy_protocol: [127.0.0.1/32]", "limits: {connections: 100, connections_per_address: 1}"))
	connect := func(client string) *rawConn {
		conn := dialClients(t, g)
		announcement(2, client).WriteTo(conn)
		if status := conn.status(askHealth); status != 200 {
			t.Errorf("%s: %d", client, status)
		}
		return conn
	}
	first, other := connect("192.0.2.1"), connect("192.0.2.2")
	connect("192.0.2.1")
	if _, err := first.in.ReadByte(); err == nil {
		t.Error("the first connection is still open")
	}
	if status := other.status(askHealth); status != 200 {
		t.Errorf("that of another client: %d", status)
	}
}
