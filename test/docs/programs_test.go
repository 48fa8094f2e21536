package docs

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// program matches a program, and the block with its output.
var program = regexp.MustCompile("(?s)```go\n(package main\n.*?)```\n\n```\n(.*?)```\n")

// The programs in the READMEs of the public packages print what is below them, beside a real
// node.
func TestPrograms(t *testing.T) {
	node, epmd := startNode(t)
	addr := addressOf(t, epmd)
	local := strings.NewReplacer(
		`Prefix: "my_app"`, fmt.Sprintf(`Prefix: "my_app", EPMDPort: %d, Timeout: 60e9`, epmd),
		"127.0.0.1:40125", addr.String(),
		"100*time.Millisecond, rpcclient.ErrAppTimeout", "3*time.Second, rpcclient.ErrAppTimeout") // the node has the call before the deadline
	for _, readme := range []string{"rpcclient/README.md", "rpcclient/erldist/README.md", "rpcclient/etf/README.md", "discovery/README.md"} {
		t.Run(readme, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("../..", readme))
			if err != nil {
				t.Fatal(err)
			}
			found := program.FindStringSubmatch(string(text))
			if found == nil {
				t.Fatal("it has no program with its output")
			}
			if got, want := run(t, local.Replace(found[1]), node.Cookie), local.Replace(found[2]); got != want {
				t.Errorf("it prints\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// startNode starts a node with the counter that rpcclient/README.md calls.
func startNode(t *testing.T) (node *beamtest.Node, epmd int) {
	t.Helper()
	epmd = beamtest.StartEPMD(t)
	node = beamtest.StartNode(t, beamtest.Options{Name: "my_app@127.0.0.1", EPMDPort: epmd})
	node.Eval(t, `
		defmodule MyApp.Counter do
		  use GenServer
		  def init(n), do: {:ok, n}
		  def handle_call({:add, m}, _from, n), do: {:reply, n + m, n + m}
		end
		GenServer.start(MyApp.Counter, 40, name: MyApp.Counter)`)
	return node, epmd
}

func addressOf(t *testing.T, epmd int) netip.AddrPort {
	t.Helper()
	finder := discovery.New(discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "my_app", EPMDPort: uint16(epmd), Timeout: waittest.Limit}, net.DefaultResolver, slog.New(slog.DiscardHandler))
	report := finder.Poll(t.Context())
	if len(report.Nodes) != 1 {
		t.Fatalf("EPMD lists %v: %v", report.Nodes, report.Problems)
	}
	return report.Nodes[0].Addr
}

// run runs a program outside of the module's packages, and returns its output.
func run(t *testing.T, program, cookie string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", file)
	cmd.Env = append(os.Environ(), "RELEASE_COOKIE="+cookie)
	log := new(strings.Builder)
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	return string(out)
}
