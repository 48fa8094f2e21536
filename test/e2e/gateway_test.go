package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
	"github.com/louche-graphql/louche/test/bench"
)

// running is a gateway that runs in this process.
type running struct {
	url   string // for clients
	admin string // for operators
	file  string // its configuration
	log   *logtest.Recorder
	begin func() // begins to stop it
	stop  func() error
	// cutOff: requests may outlive shutdown_grace; then stop returns an error.
	cutOff bool
}

// startGateway runs a gateway until the test ends. It returns when each application has a node
// that can be called.
func startGateway(t testing.TB, yaml string) *running {
	t.Helper()
	g := launch(t, yaml)
	eventually(t, "the gateway is ready", func() bool { return g.answers("/readyz") }) // one application has a node
	operators := bench.Gateway{Admin: strings.TrimPrefix(g.admin, "http://")}          // which may refuse to answer without a token
	eventually(t, "each application has a node", func() bool { return !slices.Contains(operators.Nodes(), 0) })
	return g
}

// answers reports whether the operators' listener answers with status 200.
func (g *running) answers(path string) bool {
	resp, err := http.Get(g.admin + path)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// configure writes the configuration file of a gateway, which may be running. The default
// of shutdown_delay is 0s here.
func (g *running) configure(t testing.TB, yaml string) {
	t.Helper()
	text := "admin: 127.0.0.1:0\n" + yaml
	if !strings.Contains(yaml, "listen:") {
		text = "listen: 127.0.0.1:0\n" + text
	}
	if !strings.Contains(yaml, "shutdown_delay") {
		text = "shutdown_delay: 0s\n" + text
	}
	// In one step, because the gateway may read the file at any time.
	next := g.file + ".next"
	err := os.WriteFile(next, []byte(text), 0o600)
	if err == nil {
		err = os.Rename(next, g.file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// launch is startGateway without the wait for a node.
func launch(t testing.TB, yaml string) *running {
	t.Helper()
	g := &running{file: filepath.Join(t.TempDir(), "louche.yaml"), log: new(logtest.Recorder)}
	g.configure(t, yaml)
	flags := &config.Flags{Config: g.file}
	cfg, err := flags.Load()
	if err != nil {
		t.Fatal(err)
	}
	level := slog.LevelDebug
	if _, benchmark := t.(*testing.B); benchmark {
		level = slog.LevelInfo // lines of requests would count
	}
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		log := slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: level}))
		ended <- service.Run(ctx, cfg, flags.Watch(ctx, cfg, nil, log), log, func(clients, operators net.Addr) {
			g.url, g.admin = "http://"+clients.String(), "http://"+operators.String()
			if cfg.TLS.Enabled() {
				g.url = "https://" + clients.String()
			}
			close(started)
		})
	}()
	g.begin = cancel
	g.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := g.stop(); err != nil && !g.cutOff {
			t.Errorf("serve: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the gateway:\n%s", g.log)
		}
	})
	select {
	case <-started:
	case err := <-ended:
		t.Fatalf("serve: %v", err)
	}
	return g
}

// loadConfig loads a configuration file.
func loadConfig(file string) (*config.Config, error) { return (&config.Flags{Config: file}).Load() }

var eventually = waittest.Until

// post sends an operation, and returns status and body of the response.
func (g *running) post(t testing.TB, body string, header ...string) (int, string) {
	t.Helper()
	return g.postTo(t, "/graphql", body, header...)
}

// postTo is post to another path.
func (g *running) postTo(t testing.TB, path, body string, header ...string) (int, string) {
	t.Helper()
	return g.send(t, g.url+path, body, header...)
}

// send sends a POST with JSON to a URL.
func (g *running) send(t testing.TB, url, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Content-Type" {
			req.Header.Del(header[i])
		}
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// sleep is an operation that runs until its node wakes it.
const sleep = `{"query":"{ sleep(ms: 3600000) }"}`

// async sends an operation without waiting for the result.
func (g *running) async(t testing.TB, body string) (answer <-chan string) {
	answered := make(chan string, 1)
	go func() {
		defer close(answered) // also if the request fails, which ends this goroutine
		_, answer := g.post(t, body)
		answered <- answer
	}()
	return answered
}

// waitClosed waits until the stopping gateway refuses connections.
func (g *running) waitClosed(t testing.TB) {
	t.Helper()
	eventually(t, "new connections are refused", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

// timedOut sends an operation that sleeps. It doubles the timeout until the operation
// begins on the node, and returns the last response.
func (g *running) timedOut(t testing.TB, node *beamtest.Node, body string, header ...string) (status int, answer string) {
	t.Helper()
	asleep := strings.Count(node.Output(), "sleeping ")
	for timeout := 50 * time.Millisecond; strings.Count(node.Output(), "sleeping ") == asleep; timeout *= 2 {
		status, answer = g.post(t, body, append(header, "X-Request-Timeout", timeout.String())...)
	}
	return status, answer
}

// query sends a document.
func (g *running) query(t testing.TB, document string) (int, string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": document})
	return g.post(t, string(body))
}

// code returns the code of the first error in a response, or "".
func code(t testing.TB, answer string) string {
	t.Helper()
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &body); err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	if len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Extensions.Code
}

// configFor returns the configuration of a gateway with a test node. lines are added to the
// application's section.
func configFor(epmd int, lines ...string) string {
	return fmt.Sprintf(`node: {name: louche@127.0.0.1, cookie_file: %s}
trusted_proxies: [127.0.0.0/8]
apps:
  - schema: TestApp.Schema
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: 100ms}
%s
`, cookieFile, epmd, strings.Join(lines, "\n"))
}

// write writes a configuration file.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "louche.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var cookieFile string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "louche")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "louche")
	cookieFile = filepath.Join(dir, "cookie")
	if err := os.WriteFile(cookieFile, []byte(beamtest.DefaultCookie+"\n"), 0o600); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
