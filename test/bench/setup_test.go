package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// setup has the processes of the candidates.
type setup struct {
	serving, calling *beamtest.Node
	gateway          Gateway
	proxy, answers   server // answers is behind proxy
	bandit           string // address; "": none
	banditProxy      server
}

type server struct {
	address string
	pid     int
}

const prepared = "    prepare: on\n"

// variants are the applications of the gateway, with lines of their sections.
var variants = []struct{ path, name, lines string }{
	{"/plain", "Louche", ""},
	{"/prepare", "Louche, prepare", prepared},
	{"/share", "Louche, share", "    share: on\n"},
	{"/both", "Louche, prepare and share", prepared + "    share: on\n"},
}

func start(b *testing.B) *setup {
	epmd := beamtest.StartEPMD(b)
	s := &setup{serving: startNode(b, epmd, "testapp@127.0.0.1"), calling: startNode(b, epmd, "caller@127.0.0.1")}
	load(b, s.calling, "callers")
	s.calling.Eval(b, fmt.Sprintf("true = Node.connect(:%q)", s.serving.Name))
	loadSchema(b, s.serving)
	if s.serving.Eval(b, "Code.ensure_loaded?(Bandit) and Code.ensure_loaded?(Absinthe.Plug)") == "true" {
		load(b, s.serving, "plug")
		s.bandit = "127.0.0.1:" + s.serving.Eval(b, "Bench.Endpoint.start()")
		s.banditProxy.address, s.banditProxy.pid = startServer(b, proxiedURL, "http://"+s.bandit)
	} else {
		fmt.Println("without Bandit: ERL_LIBS has no Bandit and Absinthe.Plug")
	}
	load(b, s.serving, "consolidate")
	yaml := configuration(b, beamtest.DefaultCookie)
	for _, v := range variants {
		yaml += application(v.path, "Bench.Schema", "testapp", epmd) + v.lines
	}
	s.gateway = StartGateway(b, yaml)
	s.answers.address, s.answers.pid = startServer(b, answersFolder, s.record(b))
	s.proxy.address, s.proxy.pid = startServer(b, proxiedURL, "http://"+s.answers.address)
	return s
}

func startNode(b *testing.B, epmd int, name string) *beamtest.Node {
	// The CPU time of busy-waiting schedulers would count as work.
	return beamtest.StartNode(b, beamtest.Options{Name: name, EPMDPort: epmd, Args: []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}})
}

// loadSchema loads the schema of the workloads, and says on what.
func loadSchema(b *testing.B, n *beamtest.Node) {
	schema, absinthe := "double", "the double of Absinthe, whose answers cost the node next to nothing: ERL_LIBS has no Absinthe"
	if n.RealAbsinthe() {
		schema, absinthe = "schema", "the real Absinthe"
	}
	load(b, n, schema)
	fmt.Printf("OTP %s, %s\n", n.OTP(), absinthe)
}

// configuration returns a configuration of the gateway, to which applications are added.
func configuration(b *testing.B, cookie string) string {
	file := filepath.Join(b.TempDir(), "cookie")
	if err := os.WriteFile(file, []byte(cookie), 0o600); err != nil {
		b.Fatal(err)
	}
	return fmt.Sprintf(`node: {name: louche@127.0.0.1, cookie_file: %s}
trusted_proxies: [127.0.0.0/8]
limits: {memory: 2147483648, in_flight: 20000, connections: 20000, connections_per_address: 20000}
apps:
`, file)
}

func application(path, schema, prefix string, epmd int) string {
	return fmt.Sprintf(`  - path: %s
    schema: %s
    discovery: {dns: [127.0.0.1], prefix: %s, epmd_port: %d}
    context: {current_user_id: {header: X-User-Id, type: integer}}
    load: {in_flight: 20000}
`, path, schema, prefix, epmd)
}

// load runs a script of testdata/elixir/bench on a node.
func load(b *testing.B, n *beamtest.Node, script string) {
	n.Eval(b, fmt.Sprintf(`Code.require_file(System.fetch_env!("TESTAPP_GOLDEN") <> "/../bench/%s.exs"); nil`, script))
}

// record writes the answers to the workloads into a folder.
func (s *setup) record(b *testing.B) (folder string) {
	folder = b.TempDir()
	for _, w := range workloads {
		answer, err := w.http(s.gateway.Address, variants[0].path).Answer()
		if err == nil && !strings.HasPrefix(string(answer), `{"data":{`) {
			err = fmt.Errorf("answered with %.200s", answer)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, w.name), answer, 0o600)
		}
		if err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
	}
	return folder
}

// candidates returns the candidates. The others are compared with the first one. The node,
// or the HTTP server, is the back of each, a gateway or proxy its front.
func (s *setup) candidates(b *testing.B, w workload) (candidates []Candidate) {
	node := Process{"back", s.serving.PID()}
	direct := Candidate{":erpc.call", erpc{b, s.calling, s.serving, w}, []Process{node}}
	if s.bandit != "" {
		candidates = append(candidates, Candidate{"Bandit", w.http(s.bandit, "/"), []Process{node}})
	} else {
		candidates = append(candidates, direct)
	}
	for _, v := range variants {
		candidates = append(candidates, Candidate{v.name, w.http(s.gateway.Address, v.path), []Process{{"front", s.gateway.PID}, node}})
	}
	if s.bandit != "" {
		candidates = append(candidates, direct, Candidate{"Bandit behind ReverseProxy", w.http(s.banditProxy.address, "/"), []Process{{"front", s.banditProxy.pid}, node}})
	}
	return append(candidates, Candidate{"net/http behind ReverseProxy", w.http(s.proxy.address, "/"+w.name), []Process{{"front", s.proxy.pid}, {"back", s.answers.pid}}})
}
