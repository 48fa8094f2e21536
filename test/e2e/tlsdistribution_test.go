package e2e_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A guide is a document. Its blocks have names after their language. The test runs them.
type guide map[string]string

func readGuide(t *testing.T, path string) guide {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g := make(guide)
	for _, block := range regexp.MustCompile("(?ms)^( *)```\\w+ ([\\w.-]+)\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		g[block[2]] = strings.ReplaceAll("\n"+block[3], "\n"+block[1], "\n")[1:]
	}
	return g
}

// block returns a block, with the host of the test instead of its own.
func (g guide) block(t *testing.T, name string) string {
	t.Helper()
	text, ok := g[name]
	if !ok {
		t.Fatalf("the guide has no block %s", name)
	}
	return strings.ReplaceAll(text, "10.0.0.11", "127.0.0.1")
}

// A cluster has the files of the guide for the node and the gateway.
type cluster struct {
	guide           guide
	outside, inside string
	epmd            int
}

const guidedFolder = "/etc/my_app/tls"

// newCluster makes the certificates of the guide.
func newCluster(t *testing.T, g guide) *cluster {
	t.Helper()
	c := &cluster{guide: g, epmd: beamtest.StartEPMD(t)}
	c.outside, c.inside = beamtest.SharedDir(t)
	c.sh(t, g.block(t, "certificates"))
	c.write(t, "ssl_dist.conf", g.block(t, "ssl_dist.conf"))
	return c
}

// sh runs shell commands in the folder of the cluster.
func (c *cluster) sh(t *testing.T, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-eu", "-c", script)
	cmd.Dir = c.outside
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}

var certifies = regexp.MustCompile(`(?ms)^certify\(\) \{.*?^\}\n`)

// certify makes a certificate, valid for a number of days, as the guide does.
func (c *cluster) certify(t *testing.T, days int, command string) {
	t.Helper()
	function := certifies.FindString(c.guide.block(t, "certificates"))
	c.sh(t, strings.Replace(function, "-days 90", fmt.Sprintf("-days %d", days), 1)+command)
}

func (c *cluster) write(t *testing.T, name, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, guidedFolder, c.inside)
	if err := os.WriteFile(filepath.Join(c.outside, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts a node with the flags of the guide.
func (c *cluster) start(t *testing.T, name string) *beamtest.Node {
	t.Helper()
	flags := strings.Fields(strings.ReplaceAll(c.guide.block(t, "vm.args"), guidedFolder, c.inside))
	return beamtest.StartNode(t, beamtest.Options{Name: name, EPMDPort: c.epmd, Args: flags})
}

// version returns the TLS version of a node, by its name in Erlang.
func (c *cluster) version(t *testing.T, node *beamtest.Node) string {
	t.Helper()
	port := node.Eval(t, `{:ok, [{_, port}]} = :erl_epmd.names({127, 0, 0, 1}); port`)
	pair, err := tls.LoadX509KeyPair(filepath.Join(c.outside, "louche.pem"), filepath.Join(c.outside, "louche.key"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", port), &tls.Config{
		InsecureSkipVerify: true, // only the version matters
		Certificates:       []tls.Certificate{pair},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return map[uint16]string{tls.VersionTLS12: "tlsv1.2", tls.VersionTLS13: "tlsv1.3"}[conn.ConnectionState().Version]
}

// gateway returns the configuration of the guide for the test's application, with more
// lines in node.tls.
func (c *cluster) gateway(t *testing.T, lines ...string) string {
	t.Helper()
	section := strings.ReplaceAll(c.guide.block(t, "louche.yaml"), guidedFolder, c.outside)
	section = strings.ReplaceAll(section, "/run/secrets/cookie", cookieFile)
	for _, line := range lines {
		section += "    " + line + "\n"
	}
	_, apps, _ := strings.Cut(configFor(c.epmd), "\ntrusted_proxies")
	return section + "trusted_proxies" + apps
}

const guideOnTLS = "../../docs/tls-distribution.md"

func TestTLSDistributionAsTheGuideSays(t *testing.T) {
	g := readGuide(t, guideOnTLS)
	text, err := os.ReadFile(guideOnTLS)
	if err != nil {
		t.Fatal(err)
	}
	// says checks that the guide and the output of the command both have a text.
	says := func(t *testing.T, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
		if !strings.Contains(string(text), "`"+want+"`") {
			t.Errorf("the guide does not have %q", want)
		}
	}
	for _, asked := range []string{"", "tlsv1.2", "tlsv1.3"} {
		t.Run(asked, func(t *testing.T) {
			c := newCluster(t, g)
			if asked != "" {
				says(t, "{versions, ['tlsv1.3']}", "{versions, ['tlsv1.3']}")
				c.write(t, "ssl_dist.conf", strings.ReplaceAll(g.block(t, "ssl_dist.conf"), "{verify,", "{versions, ['"+asked+"']}, {verify,"))
			}
			node := c.start(t, "testapp@127.0.0.1")
			old, version := node.OTP() == "25" || node.OTP() == "27", asked
			if version == "" {
				version = map[bool]string{true: "tlsv1.2", false: "tlsv1.3"}[old]
			}
			unsupported := "remote error: tls: unsupported certificate"
			if node.OTP() == "25" {
				unsupported = "handshake failure"
			}

			got, status := nodes(t, c.gateway(t))
			row := regexp.MustCompile(`(?m)^  NAME .*\n  \S+@127.0.0.1  127.0.0.1:\d+ +[\d.]+(?:µs|ms|s) +\d\d +[\d.]+ +\d+ +\d+ +found [0-9a-f]{8}$`)
			if status != 0 || !row.MatchString(got) || !row.MatchString(g.block(t, "nodes")) {
				t.Fatalf("status %d\n%s", status, got)
			}
			if got := c.version(t, node); got != version {
				t.Errorf("the node speaks %s", got)
			}

			other := newCluster(t, g)
			c.certify(t, 1, "certify servers serverAuth DNS:louche-1")
			c.certify(t, -1, "certify expired clientAuth DNS:louche-1")
			for _, tt := range []struct {
				name string
				yaml string
				want []string
			}{
				{"wrong authority", strings.Replace(c.gateway(t), c.outside+"/ca.pem", other.outside+"/ca.pem", 1),
					[]string{"certificate signed by unknown authority"}},
				{"another name", c.gateway(t, "server_name: elsewhere"),
					[]string{"certificate is valid for 127.0.0.1, not elsewhere"}},
				{"no certificate", regexp.MustCompile(`(?m)^ *(cert|key)_file: .*\n`).ReplaceAllString(c.gateway(t), ""),
					[]string{"the node may require a certificate: set node.tls.cert_file and key_file", map[string]string{"tlsv1.2": "handshake failure", "tlsv1.3": "certificate required"}[version]}},
				{"certificate of another authority", strings.ReplaceAll(c.gateway(t), c.outside+"/louche.", other.outside+"/louche."),
					[]string{"remote error: tls: unknown certificate authority"}},
				{"expired", strings.ReplaceAll(c.gateway(t), "/louche.", "/expired."),
					[]string{"remote error: tls: expired certificate"}},
				{"for servers", strings.ReplaceAll(c.gateway(t), "/louche.", "/servers."),
					[]string{unsupported}},
				{"no TLS", regexp.MustCompile(`(?ms)^ *tls:.*?^trusted`).ReplaceAllString(c.gateway(t), "trusted"),
					[]string{"require TLS, or not be an Erlang node"}},
				{"another cookie", strings.ReplaceAll(c.gateway(t), cookieFile, write(t, "another-cookie-of-the-tests")),
					[]string{"wrong cookie"}},
			} {
				t.Run(tt.name, func(t *testing.T) {
					got, status := nodes(t, tt.yaml)
					if status == 0 {
						t.Fatalf("connected:\n%s", got)
					}
					for _, want := range tt.want {
						says(t, got, want)
					}
				})
			}

			// The node's certificate is replaced while the node runs.
			for _, tt := range []struct {
				name        string
				days        int
				certificate string
				want        string
			}{
				{"expired node", -1, "certify node serverAuth,clientAuth DNS:127.0.0.1,IP:127.0.0.1", "certificate has expired or is not yet valid"},
				{"node without an address", 1, "certify node serverAuth,clientAuth DNS:elsewhere", "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
			} {
				t.Run(tt.name, func(t *testing.T) {
					c.certify(t, tt.days, tt.certificate)
					// OTP looks for changed files every two minutes.
					node.Eval(t, "send(:ssl_pem_cache_dist, :clear_pem_cache)")
					var got string
					eventually(t, "the node has its new certificate", func() bool {
						got, _ = nodes(t, c.gateway(t))
						return strings.Contains(got, tt.want)
					})
					says(t, got, tt.want)
				})
			}
		})
	}
}

// A node without TLS does not answer a gateway that uses TLS.
func TestTLSDistributionWithANodeWithoutTLS(t *testing.T) {
	c := newCluster(t, readGuide(t, guideOnTLS))
	beamtest.StartNode(t, beamtest.Options{EPMDPort: c.epmd})
	const want = "the node does not use TLS"
	text, err := os.ReadFile(guideOnTLS)
	if got, _ := nodes(t, c.gateway(t)); err != nil || !strings.Contains(got, want) || !strings.Contains(string(text), want) {
		t.Errorf("%v\n%s", err, got)
	}
}

// Nodes that follow the guide connect to each other, and the gateway connects to all of
// them: with a certificate for each host, and with one for all.
func TestTLSDistributionBetweenNodes(t *testing.T) {
	g := readGuide(t, guideOnTLS)
	for _, tt := range []struct{ name, client, gateway string }{
		{name: "address"},
		{"one-name", `{server_name_indication, "my-app-nodes"}`, "server_name: my-app-nodes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, g)
			var lines []string
			if tt.name == "one-name" {
				c.certify(t, 1, g.block(t, tt.name))
				text, err := os.ReadFile(guideOnTLS)
				if err != nil || !strings.Contains(string(text), tt.client) || !strings.Contains(string(text), tt.gateway) {
					t.Errorf("the guide says something else: %v", err)
				}
				c.write(t, "ssl_dist.conf", strings.Replace(g.block(t, "ssl_dist.conf"), "{client, [", "{client, ["+tt.client+",", 1))
				lines = append(lines, tt.gateway)
			}
			one, two := c.start(t, "testapp-1@127.0.0.1"), c.start(t, "testapp-2@127.0.0.1")
			if got := one.Eval(t, "Node.connect(:\""+two.Name+"\")"); got != strconv.FormatBool(tt.client == "" || one.OTP() != "25") {
				t.Errorf("Node.connect: %s", got)
			}
			got, status := nodes(t, c.gateway(t, lines...))
			if status != 0 || strings.Count(got, "found ") != 2 {
				t.Errorf("status %d\n%s", status, got)
			}

			// A node whose certificate has another name is refused.
			if tt.name == "one-name" {
				c.certify(t, 1, "certify node serverAuth,clientAuth DNS:elsewhere")
			} else {
				c.certify(t, 1, "certify node serverAuth,clientAuth DNS:10.0.0.12,IP:10.0.0.12")
			}
			three := c.start(t, "testapp-3@127.0.0.1")
			if got := one.Eval(t, "Node.connect(:\""+three.Name+"\")"); got != "false" {
				t.Errorf("Node.connect to one with another name: %s", got)
			}
			if got, _ := nodes(t, c.gateway(t, lines...)); strings.Count(got, "found ") != 2 || strings.Count(got, "failed: tls: ") != 1 {
				t.Errorf("beside a node with another name:\n%s", got)
			}
		})
	}
}
