package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/doctor"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A setUp is a host with nodes, for configurations that are right and wrong.
type setUp struct {
	epmd         int
	cookie       string // a file
	silent, mute string // addresses of programs that say nothing, and something else
	dir          string
	node         *beamtest.Node    // testapp@127.0.0.1
	tls          beamtest.TLSFiles // of secure@127.0.0.1, which requires certificates
	otherTLS     beamtest.TLSFiles // of another authority
}

// connect connects to testapp@127.0.0.1 as another gateway of a name does.
func (s *setUp) connect(t *testing.T, name string) {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.node.Eval(t, `{:ok, names} = :erl_epmd.names({127, 0, 0, 1}); :proplists.get_value(~c"testapp", names)`))
	if err != nil {
		t.Fatal(err)
	}
	local := erldist.Node{Name: name, Creation: 4, Cookie: beamtest.DefaultCookie}
	peer, err := erldist.Initiate(t.Context(), conn, local)
	if err != nil {
		t.Fatal(err)
	}
	served := erldist.New(conn, local, peer, erldist.Options{})
	go served.Serve()
	t.Cleanup(func() { served.Close() })
}

// refused is an address at which nothing listens. No program gets this port by chance.
const refused = "127.0.0.1:1"

func newSetUp(t *testing.T) *setUp {
	t.Helper()
	s := &setUp{epmd: beamtest.StartEPMD(t), dir: t.TempDir()}
	s.node = beamtest.StartNode(t, beamtest.Options{Name: "testapp@127.0.0.1", EPMDPort: s.epmd})
	s.tls, s.otherTLS = beamtest.NewTLSFiles(t), beamtest.NewTLSFiles(t)
	beamtest.StartNode(t, beamtest.Options{Name: "secure@127.0.0.1", EPMDPort: s.epmd, ProtoDist: "inet_tls", SSLDistOptFile: s.tls.SSLDistOptFile})
	beamtest.StartNode(t, beamtest.Options{Name: "stranger@127.0.0.1", EPMDPort: s.epmd, Cookie: "the-cookie-of-another-cluster"})
	s.cookie = s.file(t, "cookie", beamtest.DefaultCookie, 0o600)
	s.silent, s.mute = serve(t, ""), serve(t, "HTTP/1.1 400 Bad Request\r\n\r\n")
	return s
}

func (s *setUp) file(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// configuration is one that is right, but for changes: its lines outside of apps, the
// discovery and the other lines of the application.
func (s *setUp) configuration(outside, discovery, app string) string {
	if !strings.Contains(outside, "node:") {
		outside += fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\n", s.cookie)
	}
	if !strings.Contains(app, "schema:") {
		app += "    schema: TestApp.Schema\n"
	}
	if discovery == "" {
		discovery = "dns: [127.0.0.1], prefix: testapp"
	}
	if !strings.Contains(discovery, "port:") {
		discovery += fmt.Sprintf(", epmd_port: %d", s.epmd)
	}
	if !strings.Contains(discovery, "timeout:") {
		discovery += ", timeout: 1m"
	}
	return outside + "apps:\n  - discovery: {" + discovery + "}\n" + app
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// serve runs a program that sends text to each client, and reads what it sends.
func serve(t *testing.T, text string) (address string) {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				conn.Write([]byte(text))
				conn.Read(make([]byte, 1024))
				if text != "" {
					conn.Close()
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// certificate writes a certificate and its key that are valid from and to these times.
func (s *setUp) certificate(t *testing.T, name string, from, to time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := s.file(t, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	return fmt.Sprintf("tls: {cert_file: %s, key_file: %s}\n", cert, s.file(t, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), 0o600))
}

func examine(t *testing.T, file string, timeout time.Duration) (findings []doctor.Finding, healthy bool) {
	t.Helper()
	healthy = doctor.Examine(t.Context(), &config.Flags{Config: file}, timeout, func(f doctor.Finding) { findings = append(findings, f) })
	return findings, healthy
}

func TestDoctor(t *testing.T) {
	s := newSetUp(t)
	day := 24 * time.Hour
	now := time.Now()
	node := func(file string) string {
		return fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\n", file)
	}
	secured := func(files string) string {
		return strings.Replace(node(s.cookie), "}", ", tls: {"+files+"}}", 1)
	}
	const secure = "dns: [127.0.0.1], prefix: secure"
	s.connect(t, "twin@127.0.0.1")
	twin := strings.Replace(node(s.cookie), "louche@", "twin@", 1)
	jwt := "    auth: {methods: [{jwt: {issuer: 'https://" + refused + "/', audience: [a], discover: true}}]}\n"
	for name, c := range map[string]struct {
		yaml          string
		check, remedy string
		status        doctor.Status
		timeout       time.Duration
	}{
		"healthy":                {yaml: s.configuration("", "", ""), check: "schema", status: doctor.Passed},
		"an unknown key":         {yaml: s.configuration("listne: 127.0.0.1:0\n", "", ""), check: "configuration", remedy: "correct this place"},
		"a wrong value":          {yaml: s.configuration("", "", "    timeout: soon\n"), check: "configuration", remedy: "correct this place"},
		"no cookie":              {yaml: s.configuration(node(s.dir+"/none"), "", ""), check: "cookie", remedy: "create the file"},
		"a readable cookie":      {yaml: s.configuration(node(s.file(t, "open", beamtest.DefaultCookie, 0o644)), "", ""), check: "cookie", remedy: "chmod"},
		"a short cookie":         {yaml: s.configuration(node(s.file(t, "short", "abc", 0o600)), "", ""), check: "cookie", remedy: "random"},
		"a token without value":  {yaml: s.configuration("admin_token: {env: LOUCHE_TEST_UNSET}\n", "", ""), check: "files", remedy: "set the variable"},
		"a missing manifest":     {yaml: s.configuration("", "", "    trusted_documents: {mode: enforce, manifests: [/nonexistent/m.json]}\n"), check: "files", remedy: "create the file"},
		"an expired certificate": {yaml: s.configuration(s.certificate(t, "old", now.Add(-2*day), now.Add(-day)), "", ""), check: "certificate", remedy: "renew"},
		"one of the future":      {yaml: s.configuration(s.certificate(t, "early", now.Add(day), now.Add(2*day)), "", ""), check: "certificate", remedy: "clock"},
		"one that expires soon":  {yaml: s.configuration(s.certificate(t, "late", now.Add(-day), now.Add(day)), "", ""), check: "certificate", status: doctor.Warned, remedy: "renew"},
		"a taken address":        {yaml: s.configuration("listen: "+s.silent+"\n", "", ""), check: "listen", status: doctor.Warned, remedy: "running already"},
		"no Redis":               {yaml: s.configuration("redis: {address: '"+refused+"'}\n", "", ""), check: "redis", remedy: "redis.address"},
		"no issuer":              {yaml: s.configuration("", "", jwt), check: "key set", remedy: "jwt.issuer"},
		"an unknown host":        {yaml: s.configuration("", "dns: [no-such-host.invalid], prefix: testapp, timeout: 2s", ""), check: "dns", remedy: "discovery.dns"},
		"no EPMD":                {yaml: s.configuration("", "dns: [127.0.0.1], prefix: testapp, epmd_port: "+port(refused), ""), check: "epmd", remedy: "start EPMD"},
		"another program":        {yaml: s.configuration("", "dns: [127.0.0.1], prefix: testapp, epmd_port: "+port(s.mute), ""), check: "epmd", remedy: "another program"},
		"another prefix":         {yaml: s.configuration("", "dns: [127.0.0.1], prefix: elsewhere", ""), check: "epmd", remedy: "discovery.prefix"},
		"an unregistered node":   {yaml: s.configuration("", "nodes: [nobody@127.0.0.1]", ""), check: "node", remedy: "start that node"},
		"another cookie":         {yaml: s.configuration("", "dns: [127.0.0.1], prefix: stranger", ""), check: "handshake", remedy: "cookie of that node"},
		"a closed port":          {yaml: s.configuration("", "dns: [127.0.0.1], prefix: testapp, port: "+port(refused), ""), check: "handshake", remedy: "start the program"},
		"no distribution":        {yaml: s.configuration("", "dns: [127.0.0.1], prefix: testapp, port: "+port(s.mute), ""), check: "handshake", remedy: "another program"},
		"a firewall":             {yaml: s.configuration("", "dns: [127.0.0.1], prefix: testapp, port: "+port(s.silent), ""), check: "handshake", remedy: "firewall", timeout: time.Second},
		"a node with TLS":        {yaml: s.configuration("", secure, ""), check: "tls", remedy: "node.tls.ca_file"},
		"a node without TLS":     {yaml: s.configuration(secured("ca_file: "+s.tls.CA), "", ""), check: "tls", remedy: "inet_tls"},
		"another authority":      {yaml: s.configuration(secured("ca_file: "+s.otherTLS.CA), secure, ""), check: "handshake", remedy: "authority of the nodes"},
		"another server name":    {yaml: s.configuration(secured("server_name: elsewhere, ca_file: "+s.tls.CA), secure, ""), check: "handshake", remedy: "node.tls.server_name"},
		"no certificate":         {yaml: s.configuration(secured("ca_file: "+s.tls.CA), secure, ""), check: "handshake", remedy: "node.tls.cert_file"},
		"a name in use":          {yaml: s.configuration(twin, "", ""), check: "name", remedy: "node.name"},
		"the running gateway":    {yaml: s.configuration("listen: "+s.silent+"\n"+twin, "", ""), check: "name", status: doctor.Passed},
		"another schema":         {yaml: s.configuration("", "", "    schema: My.Schema\n"), check: "schema", remedy: "TestApp.Schema"},
		"no context function":    {yaml: s.configuration("", "", "    context_from: TestApp.Schema.no_such_function\n"), check: "context_from", remedy: "context_from"},
		"no pubsub":              {yaml: s.configuration("", "", "    pubsub: No.Such.Endpoint\n"), check: "pubsub", remedy: "pubsub"},
		"no codec":               {yaml: s.configuration("", "", "    json_codec: No.Such.Codec\n"), check: "json_codec", remedy: "json_codec"},
		"no plug":                {yaml: s.configuration("", "", "    plugs: [No.Such.Plug]\n"), check: "plugs", remedy: "plugs"},
		"no before_send":         {yaml: s.configuration("", "", "    before_send: TestApp.Schema.no_such_function\n    response: {headers: [x-a]}\n"), check: "before_send", remedy: "before_send"},
		"no pipeline":            {yaml: s.configuration("", "", "    pipeline: TestApp.Schema.no_such_function\n"), check: "pipeline", remedy: "pipeline"},
		"no response_from":       {yaml: s.configuration("", "", "    response_from: No.Such.respond\n"), check: "response_from", remedy: "response_from"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.status == "" {
				c.status = doctor.Failed
			}
			if c.timeout == 0 {
				c.timeout = waittest.Limit
			}
			yaml := c.yaml
			if !strings.Contains(yaml, "listen: ") {
				yaml = "listen: 127.0.0.1:0\n" + yaml
			}
			yaml = "admin: localhost:0\n" + yaml
			findings, healthy := examine(t, s.file(t, "louche.yaml", yaml, 0o600), c.timeout)
			found := false
			for _, f := range findings {
				found = found || f.Check == c.check && f.Status == c.status && strings.Contains(f.Remedy, c.remedy)
				if f.Status == doctor.Failed && f.Check != c.check || (f.Status == doctor.Failed || f.Status == doctor.Warned) && f.Remedy == "" {
					t.Errorf("%+v", f)
				}
			}
			if !found || healthy != (c.status != doctor.Failed) {
				t.Errorf("healthy: %v, %+v", healthy, findings)
			}
		})
	}
}
