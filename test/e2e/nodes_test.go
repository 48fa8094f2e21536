package e2e_test

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// nodes runs louche nodes with a configuration. It returns the output and the exit status.
func nodes(t *testing.T, yaml string) (string, int) {
	t.Helper()
	out, problem, status := run(t, "nodes", "--config", write(t, patient(yaml)), "--timeout", waittest.Limit.String())
	return out + problem, status
}

// patient returns a configuration with time for the only look-up of a command.
func patient(yaml string) string { return strings.Replace(yaml, "interval: 100ms", "timeout: 1m", 1) }

func TestNodes(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{Name: "testapp-01ABC@127.0.0.1", EPMDPort: epmd})
	beamtest.StartNode(t, beamtest.Options{Name: "testapp-01DEF@127.0.0.1", EPMDPort: epmd, Cookie: "another-cookie"})
	// The command does not disturb a running gateway with the same configuration.
	g := startGateway(t, configFor(epmd))

	got, status := nodes(t, configFor(epmd))
	if status != 1 {
		t.Errorf("with a node that cannot be called: status %d", status)
	}
	for _, want := range []string{
		`(?m)^/graphql  TestApp.Schema$`,
		`(?m)^  testapp-01ABC@127.0.0.1  127.0.0.1:\d+  [0-9.]+(µs|ms|s) +` + node.OTP() + ` +\d+\.\d+\.\d+ +\d+ +\d+ +found [0-9a-f]{8}$`,
		`(?m)^  testapp-01DEF@127.0.0.1  127.0.0.1:\d+  failed: .*wrong cookie.*RELEASE_COOKIE`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("no line matches %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, beamtest.DefaultCookie) {
		t.Error("the cookie is printed")
	}
	if got, status := nodes(t, strings.Replace(configFor(epmd), "prefix: testapp", "prefix: testapp-01ABC", 1)); status != 0 {
		t.Errorf("with one that can: status %d\n%s", status, got)
	}
	if status, answer := g.query(t, `{ counter }`); status != 200 {
		t.Errorf("the gateway lost its node: %d %s", status, answer)
	}
}

// The command suggests the schemas of the node, whether they are loaded or not. It loads
// none.
func TestNodesWithoutTheSchema(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for _, state := range []string{"false = :code.is_loaded(TestApp.Schema)", "{:module, _} = :code.ensure_loaded(TestApp.Schema)"} {
		node.Eval(t, state)
		got, status := nodes(t, strings.Replace(configFor(epmd), "TestApp.Schema", "No.Such.Schema", 1))
		if status != 1 || !strings.Contains(got, "not found; schemas there: TestApp.Schema\n") {
			t.Errorf("%s: status %d\n%s", state, status, got)
		}
		if state[:5] == "false" {
			node.Eval(t, state)
		}
	}
}

func TestNodesThatAreNotThere(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	t.Run("no name with the prefix", func(t *testing.T) {
		got, status := nodes(t, strings.Replace(configFor(epmd), "prefix: testapp", "prefix: elsewhere", 1))
		if status != 1 || !strings.Contains(got, "elsewhere") {
			t.Errorf("status %d\n%s", status, got)
		}
	})
	t.Run("EPMD unreachable", func(t *testing.T) {
		_, port, _ := net.SplitHostPort(beamtest.FreeAddress(t, nil))
		got, status := nodes(t, strings.Replace(configFor(epmd), fmt.Sprintf("epmd_port: %d", epmd), "epmd_port: "+port, 1))
		if status != 1 || !strings.Contains(got, "127.0.0.1:"+port) || !strings.Contains(got, "refused") {
			t.Errorf("status %d\n%s", status, got)
		}
	})
	t.Run("not an Erlang node", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				conn.Close()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		got, status := nodes(t, strings.Replace(configFor(epmd), "epmd_port", "port: "+port+", epmd_port", 1))
		if status != 1 || !strings.Contains(got, "failed: distribution handshake") {
			t.Errorf("status %d\n%s", status, got)
		}
	})
}
