package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// nodes runs the command with a configuration and returns what it prints.
func nodes(t *testing.T, yaml string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command := nodesCommand{configFlags: configFlags{Config: write(t, yaml)}, Timeout: waittest.Limit}
	err := command.Run(t.Context(), output{&out})
	return out.String(), err
}

func TestNodes(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{Name: "testapp-01ABC@127.0.0.1", EPMDPort: epmd})
	beamtest.StartNode(t, beamtest.Options{Name: "testapp-01DEF@127.0.0.1", EPMDPort: epmd, Cookie: "another-cookie"})
	// A gateway of the same configuration is running: they do not disturb each
	// other.
	g := startGateway(t, before(epmd))

	got, err := nodes(t, before(epmd))
	if !errors.Is(err, errFailed) {
		t.Errorf("with a node that cannot be called: %v", err)
	}
	for _, want := range []string{
		`(?m)^/graphql  TestApp.Schema$`,
		`(?m)^  testapp-01ABC@127.0.0.1  127.0.0.1:\d+  [0-9.]+[mµ]s +` + node.OTP() + ` +found [0-9a-f]{8}$`,
		`(?m)^  testapp-01DEF@127.0.0.1  127.0.0.1:\d+  failed: .*wrong cookie.*RELEASE_COOKIE`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("no line matches %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, beamtest.DefaultCookie) {
		t.Error("the cookie is printed")
	}
	if _, err := nodes(t, strings.Replace(before(epmd), "prefix: testapp", "prefix: testapp-01ABC", 1)); err != nil {
		t.Errorf("with one that can: %v", err)
	}
	if status, answer := g.query(t, `{ counter }`); status != 200 {
		t.Errorf("the gateway lost its node: %d %s", status, answer)
	}
}

// The schemas that the node has are suggested, loaded or not. None is loaded for that.
func TestNodesWithoutTheSchema(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for _, state := range []string{"false = :code.is_loaded(TestApp.Schema)", "{:module, _} = :code.ensure_loaded(TestApp.Schema)"} {
		node.Eval(t, state)
		got, err := nodes(t, strings.Replace(before(epmd), "TestApp.Schema", "No.Such.Schema", 1))
		if !errors.Is(err, errFailed) || !strings.Contains(got, "not found; schemas there: TestApp.Schema\n") {
			t.Errorf("%s: %v\n%s", state, err, got)
		}
		if state[:5] == "false" {
			node.Eval(t, state)
		}
	}
}

func TestTextsOfNodesOnTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"my-app@10.0.0.1": "my-app@10.0.0.1", "a\x1b[2Jb\nc\td": "a [2Jb c d", "é": "é", strings.Repeat("é", 400): strings.Repeat("é", 250) + "…",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestNodesThatAreNotThere(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	t.Run("no name with the prefix", func(t *testing.T) {
		got, err := nodes(t, strings.Replace(before(epmd), "prefix: testapp", "prefix: elsewhere", 1))
		if !errors.Is(err, errFailed) || !strings.Contains(got, "elsewhere") {
			t.Errorf("%v\n%s", err, got)
		}
	})
	t.Run("EPMD unreachable", func(t *testing.T) {
		_, port, _ := net.SplitHostPort(freeAddress(t))
		got, err := nodes(t, strings.Replace(before(epmd), fmt.Sprintf("epmd_port: %d", epmd), "epmd_port: "+port, 1))
		if !errors.Is(err, errFailed) || !strings.Contains(got, "127.0.0.1:"+port) || !strings.Contains(got, "refused") {
			t.Errorf("%v\n%s", err, got)
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
		got, err := nodes(t, strings.Replace(before(epmd), "epmd_port", "port: "+port+", epmd_port", 1))
		if !errors.Is(err, errFailed) || !strings.Contains(got, "failed: distribution handshake") {
			t.Errorf("%v\n%s", err, got)
		}
	})
}
