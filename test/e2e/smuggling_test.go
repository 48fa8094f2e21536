package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// The proxy is trusted to send identities in headers, the stranger is not.
const (
	proxy    = "127.0.0.1"
	stranger = "127.0.0.2"
)

// refused stands for a request that was not run.
const refused = "refused"

// The applications have context fields from the headers that the requests try to smuggle:
// directly, and as claims.
const (
	byHeader = "    context: {user: {header: X-User-Id}, tenant: {header: X-Tenant}}"
	byClaim  = `    auth: {anonymous: allow, methods: [{proxy_headers: {subject: X-User-Id, claims: {tenant: X-Tenant}}}]}
    context: {user: {claim: sub}, tenant: {claim: tenant}}`
)

// asClaims returns the claims for a context of headers. Without a subject there are none.
func asClaims(seen string) string {
	if strings.HasPrefix(seen, "%{tenant:") && !strings.Contains(seen, "user:") {
		return "%{}"
	}
	return seen
}

func smuggling(t *testing.T, section, more string) *running {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	yaml := configFor(epmd, section)
	return startGateway(t, strings.Replace(yaml, "trusted_proxies: [127.0.0.0/8]", "trusted_proxies: ["+proxy+"/32]", 1)+more)
}

const (
	asked = `{"query":"{ contextText }"}`
	head  = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
)

// seen returns the context in a result, as resolvers had it.
func seen(t *testing.T, status int, answer []byte) string {
	t.Helper()
	var body struct{ Data *struct{ ContextText string } }
	if status == http.StatusOK && json.Unmarshal(answer, &body) == nil && body.Data != nil {
		return body.Data.ContextText
	}
	if status < 400 {
		t.Errorf("neither answered nor refused: %d %q", status, answer)
	}
	return refused
}

func TestHeadersDoNotGetPastTheProxy(t *testing.T) {
	header, claim := smuggling(t, byHeader, ""), smuggling(t, byClaim, "")
	whole := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(asked), asked)
	chunked := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(asked), asked)
	for _, tt := range []struct {
		name, request   string
		proxy, stranger string // the contexts of the requests that the gateway saw, in order
	}{
		{"one", "X-User-Id: 42\r\n" + whole, `%{user: "42"}`, `%{}`},
		{"odd case", "x-uSER-iD: 42\r\n" + whole, `%{user: "42"}`, `%{}`},
		{"underscores", "X_User_Id: 42\r\n" + whole, `%{}`, `%{}`},
		{"an underscore", "X-User_Id: 42\r\n" + whole, `%{}`, `%{}`},
		{"underscores beside", "X-User-Id: 42\r\nX_User_Id: 1\r\n" + whole, `%{user: "42"}`, `%{}`},
		{"two", "X-User-Id: 42\r\nX-User-Id: 1\r\n" + whole, refused, `%{}`},
		{"two the same", "X-User-Id: 42\r\nX-User-Id: 42\r\n" + whole, refused, `%{}`},
		{"two in different cases", "X-User-Id: 42\r\nx-user-id: 1\r\n" + whole, refused, `%{}`},
		{"space before the colon", "X-User-Id : 42\r\n" + whole, refused, refused},
		{"tab before the colon", "X-User-Id\t: 42\r\n" + whole, refused, refused},
		{"space before the name", "X-Tenant: a\r\n X-User-Id: 42\r\n" + whole, `%{tenant: "a X-User-Id: 42"}`, `%{}`},
		{"folded", "X-User-Id:\r\n 42\r\n" + whole, `%{user: "42"}`, `%{}`},
		{"carriage return", "X-Tenant: a\rX-User-Id: 42\r\n" + whole, refused, refused},
		// A bare LF may end a line (RFC 9112, section 2.2), so a proxy must not forward one
		// in a value.
		{"line feed alone", "X-Tenant: a\nX-User-Id: 42\r\n" + whole, `%{tenant: "a", user: "42"}`, `%{}`},
		{"NUL in the value", "X-User-Id: 42\x00\r\n" + whole, refused, refused},
		{"NUL in the name", "X-User-Id\x00: 42\r\n" + whole, refused, refused},
		{"no colon", "X-User-Id\r\n" + whole, refused, refused},
		{"full stop", "X.User.Id: 42\r\n" + whole, `%{}`, `%{}`},
		{"hop by hop", "X-User-Id: 42\r\nConnection: X-User-Id\r\n" + whole, `%{user: "42"}`, `%{}`},
		{"others' words for it", "Forwarded: for=10.0.0.1;user=42\r\nX-Forwarded-User: 42\r\nX-Original-User-Id: 42\r\nX-Http-Method-Override: GET\r\n" + whole, `%{}`, `%{}`},
		{"trailer", "Trailer: X-User-Id\r\n" + chunked + "X-User-Id: 42\r\n\r\n", `%{}`, `%{}`},
		{"trailer that was not announced", chunked + "X-User-Id: 42\r\n\r\n", `%{}`, `%{}`},
		{"trailer beside", "X-User-Id: 42\r\nTrailer: X-User-Id\r\n" + chunked + "X-User-Id: 1\r\n\r\n", `%{user: "42"}`, `%{}`},
		{"in a chunk's extension", "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x;X-User-Id: 42\r\n%s\r\n0\r\n\r\n", len(asked), asked), `%{}`, `%{}`},
		{"two lengths", "Content-Length: 1\r\n" + whole, refused, refused},
		{"two encodings", "Transfer-Encoding: identity\r\n" + chunked + "\r\n", refused, refused},
		{"an encoding that looks like another", "Transfer-Encoding: xchunked\r\n" + whole, refused, refused},
		{"an encoding after a vertical tab", "Transfer-Encoding:\x0bchunked\r\n" + whole, refused, refused},
		{"length with a sign", fmt.Sprintf("Content-Length: +%d\r\n\r\n%s", len(asked), asked), refused, refused},
		// Transfer-Encoding overrides Content-Length (section 6.3), so a proxy must not
		// forward both.
		{"length and encoding", fmt.Sprintf("Content-Length: %d\r\n", len(asked)) + chunked + "\r\n", `%{}`, `%{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for peer, want := range map[string]string{proxy: tt.proxy, stranger: tt.stranger} {
				if got := strings.Join(header.raw(t, peer, head+tt.request), " "); got != want {
					t.Errorf("from %s: %s, want %s", peer, got, want)
				}
				if got, want := strings.Join(claim.raw(t, peer, head+tt.request), " "), asClaims(want); got != want {
					t.Errorf("from %s, as claims: %s, want %s", peer, got, want)
				}
			}
		})
	}
}

// The client's address comes from the end of the chain of trusted proxies, and from no
// other source.
func TestForgedAddresses(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	yaml := configFor(epmd, "    context: {ip: {request: client_address}}")
	g := startGateway(t, strings.Replace(yaml, "trusted_proxies: [127.0.0.0/8]", "trusted_proxies: ["+proxy+"/32, 10.0.0.0/8]", 1))
	whole := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(asked), asked)
	for _, tt := range []struct{ name, lines, proxy string }{
		{"none", "", proxy},
		{"one", "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"one that the client wrote", "X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n", "192.0.2.1"},
		{"one that the client wrote as a proxy", "X-Forwarded-For: 198.51.100.7, 10.0.0.1, 192.0.2.1\r\n", "192.0.2.1"},
		{"through two proxies", "X-Forwarded-For: 198.51.100.7, 192.0.2.1, 10.0.0.1\r\n", "192.0.2.1"},
		{"in two lines", "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"in two lines of two cases", "x-forwarded-for: 198.51.100.7\r\nX-FORWARDED-FOR: 192.0.2.1\r\n", "192.0.2.1"},
		{"an address in another's form", "X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
		{"IPv6", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
		{"no address at the end", "X-Forwarded-For: 198.51.100.7, unknown\r\n", proxy},
		{"no address behind a proxy", "X-Forwarded-For: 198.51.100.7, unknown, 10.0.0.1\r\n", "10.0.0.1"},
		{"a port", "X-Forwarded-For: 192.0.2.1:80\r\n", "192.0.2.1"},
		{"empty", "X-Forwarded-For: \r\n", proxy},
		{"underscores", "X_Forwarded_For: 198.51.100.7\r\n", proxy},
		{"headers of others", "Forwarded: for=198.51.100.7\r\nX-Real-Ip: 198.51.100.7\r\nTrue-Client-Ip: 198.51.100.7\r\nX-Client-Ip: 198.51.100.7\r\nCf-Connecting-Ip: 198.51.100.7\r\n", proxy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for peer, want := range map[string]string{proxy: tt.proxy, stranger: stranger} {
				if got := strings.Join(g.raw(t, peer, head+tt.lines+whole), " "); got != fmt.Sprintf("%%{ip: %q}", want) {
					t.Errorf("from %s: %s, want %s", peer, got, want)
				}
			}
		})
	}
}

// from connects to the gateway from another address.
func (g *running) from(t *testing.T, peer string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(peer)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", g.url[strings.LastIndex(g.url, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(waittest.Limit))
	return conn
}

// raw sends bytes, and returns the contexts of all requests that the gateway read from
// them.
func (g *running) raw(t *testing.T, peer, request string) (contexts []string) {
	t.Helper()
	conn := g.from(t, peer)
	const last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request+last); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(answers, nil)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			return contexts
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if string(body) == `{"status":"ok"}` {
			return contexts
		}
		contexts = append(contexts, seen(t, resp.StatusCode, body))
	}
}

func TestHeadersDoNotGetPastTheProxyOverHTTP2(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	over2 := trustingAuthority(t, files.CA)
	over2.ServerName, over2.NextProtos = "127.0.0.1", []string{"h2"}
	for name, g := range map[string]*running{
		"clear text": smuggling(t, byHeader, ""),
		"claims":     smuggling(t, byClaim, ""),
		"TLS":        smuggling(t, byHeader, fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s}\n", files.NodeCert, files.NodeKey)),
	} {
		usual := []string{":method", "POST", ":scheme", "http", ":authority", "x", ":path", "/graphql", "content-type", "application/json"}
		for _, tt := range []struct {
			name            string
			header, trailer []string
			proxy, stranger string
		}{
			{"one", append(usual, "x-user-id", "42"), nil, `%{user: "42"}`, `%{}`},
			{"in capitals", append(usual, "X-User-Id", "42"), nil, refused, refused},
			{"underscores", append(usual, "x_user_id", "42"), nil, `%{}`, `%{}`},
			{"two", append(usual, "x-user-id", "42", "x-user-id", "1"), nil, refused, `%{}`},
			{"space after the name", append(usual, "x-user-id ", "42"), nil, refused, refused},
			{"colon in the name", append(usual, "x-tenant: a\r\nx-user-id", "42"), nil, refused, refused},
			{"line in a value", append(usual, "x-tenant", "a\r\nx-user-id: 42"), nil, refused, refused},
			{"NUL in a value", append(usual, "x-tenant", "a\x00b"), nil, refused, refused},
			{"like a pseudo-header", append(usual[:8:8], ":x-user-id", "42"), nil, refused, refused},
			{"pseudo-header after others", append(usual, ":path", "/graphql", "x-user-id", "42"), nil, refused, refused},
			{"pseudo-header twice", append([]string{":path", "/other"}, usual...), nil, refused, refused},
			{"line in the path", append([]string{":path", "/graphql HTTP/1.1\r\nX-User-Id: 42\r\n", ":method", "POST", ":scheme", "http", ":authority", "x"}, usual[8:]...), nil, refused, refused},
			{"line in the authority", append([]string{":authority", "x\r\nX-User-Id: 42"}, append(usual[:4:4], usual[6:]...)...), nil, refused, refused},
			{"line in the method", append([]string{":method", "POST /graphql HTTP/1.1\r\nX-User-Id: 42\r\nX:"}, usual[2:]...), nil, refused, refused},
			{"hop by hop", append(usual, "x-user-id", "42", "connection", "x-user-id"), nil, refused, refused},
			{"encoding", append(usual, "transfer-encoding", "chunked"), nil, refused, refused},
			{"trailer", append(usual, "trailer", "x-user-id"), []string{"x-user-id", "42"}, `%{}`, `%{}`},
			{"trailer that was not announced", usual, []string{"x-user-id", "42"}, `%{}`, `%{}`},
			{"trailer beside", append(usual, "x-user-id", "42"), []string{"x-user-id", "1"}, `%{user: "42"}`, `%{}`},
			{"pseudo-header as a trailer", usual, []string{":path", "/graphql", "x-user-id", "42"}, refused, refused},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				for peer, want := range map[string]string{proxy: tt.proxy, stranger: tt.stranger} {
					conn := g.from(t, peer)
					if name == "TLS" {
						secured := tls.Client(conn, over2)
						if err := secured.Handshake(); err != nil {
							t.Fatal(err)
						}
						conn = secured
					}
					if got := overHTTP2(t, conn, tt.header, tt.trailer); got != want {
						t.Errorf("from %s: %s, want %s", peer, got, want)
					}
				}
			})
		}
	}
}

// overHTTP2 sends one request with these fields, valid or not, and returns its context.
func overHTTP2(t *testing.T, conn net.Conn, header, trailer []string) string {
	t.Helper()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encode := func(fields []string) []byte {
		block.Reset()
		for i := 0; i < len(fields); i += 2 {
			encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
		}
		return bytes.Clone(block.Bytes())
	}
	// The gateway may have closed the connection; then the read fails.
	framer.WriteSettings()
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(header), EndHeaders: true})
	framer.WriteData(1, trailer == nil, []byte(asked))
	if trailer != nil {
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(trailer), EndHeaders: true, EndStream: true})
	}

	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var status int
	var answer []byte
	for {
		frame, err := framer.ReadFrame()
		switch frame := frame.(type) {
		case nil:
			t.Logf("the connection ended: %v", err)
			return refused
		case *http2.MetaHeadersFrame:
			fmt.Sscan(frame.PseudoValue("status"), &status)
		case *http2.DataFrame:
			answer = append(answer, frame.Data()...)
		case *http2.RSTStreamFrame:
			t.Logf("the stream was reset: %v", frame.ErrCode)
			return refused
		case *http2.GoAwayFrame:
			t.Logf("the connection ended: %v", frame.ErrCode)
			return refused
		}
		if ended, ok := frame.(interface{ StreamEnded() bool }); ok && ended.StreamEnded() {
			return seen(t, status, answer)
		}
	}
}
