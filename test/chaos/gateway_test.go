package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// settings are a configuration file without the listen addresses.
type settings struct {
	top       []string // top-level keys
	node      string   // keys of node, besides name and cookie_file
	discovery string   // keys of the application's discovery
	app       []string // keys of the application
	more      []string // lines of another application
	timed     bool     // the test compares times: without the race detector, which slows everything down
}

func (s settings) yaml(listen, admin string) string {
	s = s.withFeatures()
	lines := append([]string{"listen: " + listen, "admin: " + admin}, s.top...)
	lines = append(lines,
		fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s%s}", cookieFile, s.node),
		"apps:",
		"  - schema: TestApp.Schema",
		"    discovery: {"+s.discovery+"}")
	return strings.Join(slices.Concat(lines, indented(s.app), s.more), "\n") + "\n"
}

// gateway is the program in its own process.
type gateway struct {
	listen, admin string
	file          string // its configuration
	namespace     *beamtest.Namespace
	log           *journal
	cmd           *exec.Cmd
	exited        chan struct{}
	operators     *http.Client
}

// startGateway starts the gateway in a namespace, or here, and returns once it
// listens. The end of the test kills it.
func startGateway(t *testing.T, in *beamtest.Namespace, s settings) *gateway {
	t.Helper()
	listen, admin := beamtest.FreeAddresses(t, in)
	g := &gateway{
		listen:    listen,
		admin:     admin,
		file:      filepath.Join(t.TempDir(), "louche.yaml"),
		namespace: in,
		log:       new(journal),
		exited:    make(chan struct{}),
	}
	g.operators = &http.Client{Transport: &http.Transport{DialContext: g.dial, DisableKeepAlives: true}, Timeout: waittest.Limit}
	g.configure(t, s)
	binary := program
	if s.timed {
		binary = swift
	}
	g.cmd = exec.Command(binary, "serve", "--config", g.file)
	g.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	var err error
	if in.Do(func() { err = g.cmd.Start() }); err != nil {
		t.Fatal(err)
	}
	go func() {
		g.cmd.Wait()
		close(g.exited)
	}()
	t.Cleanup(func() {
		select {
		case <-g.exited: // the test has stopped it
		default:
			g.cmd.Process.Kill()
			<-g.exited
		}
		if strings.Contains(g.log.String(), "DATA RACE") {
			t.Error("the race detector reports a data race in the gateway")
		}
		if t.Failed() {
			t.Logf("end of the gateway's log:\n%s", g.log.tail(20000))
		}
	})
	eventually(t, "the gateway listens", func() bool {
		select {
		case <-g.exited:
			t.Fatalf("the gateway ended: %v", g.cmd.ProcessState)
		default:
		}
		return g.health("/healthz") == http.StatusOK
	})
	return g
}

// configure replaces the configuration file atomically.
func (g *gateway) configure(t testing.TB, s settings) {
	t.Helper()
	g.configureText(t, s.yaml(g.listen, g.admin))
}

func (g *gateway) configureText(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(g.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(g.file+".new", g.file); err != nil {
		t.Fatal(err)
	}
}

// dial connects to the gateway from its namespace.
func (g *gateway) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	g.namespace.Do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
	return conn, err
}

// health is the status of a health check, 0 without an answer.
func (g *gateway) health(path string) int {
	resp, err := g.operators.Get("http://" + g.admin + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// status is the gateway's /status.
type status struct {
	Goroutines  int
	MemoryBytes int64 `json:"memory_bytes"`
	Connections int
	InFlight    int `json:"in_flight"`
	Draining    bool
	Apps        []struct {
		Path                        string
		Queued, Retries, Overloaded int
		Nodes                       []nodeStatus
	}
}

// metric is the value of a metric without labels.
func (g *gateway) metric(t testing.TB, name string) float64 {
	t.Helper()
	resp, err := g.operators.Get("http://" + g.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), name+" "); found {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

type nodeStatus struct {
	Name, State, Breaker string
	InFlight             int     `json:"in_flight"`
	LatencyMS            float64 `json:"latency_ms"`
	Prepared             *struct{ Documents int }
}

func (g *gateway) status(t testing.TB) status {
	t.Helper()
	var s status
	resp, err := g.operators.Get("http://" + g.admin + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("/status: %s", resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// connected are the names of an application's connected nodes.
func (s status) connected(app int) (names []string) {
	for _, n := range s.Apps[app].Nodes {
		if n.State == "connected" {
			names = append(names, n.Name)
		}
	}
	return names
}

// prepares is the number of an application's nodes that are known to prepare documents, or
// not to.
func (s status) prepares(app int) (nodes int) {
	for _, n := range s.Apps[app].Nodes {
		if n.Prepared != nil {
			nodes++
		}
	}
	return nodes
}

// waitConnected waits until this number of the first application's nodes is connected, with
// all that the gateway loads into them.
func (g *gateway) waitConnected(t testing.TB, n int) time.Duration {
	t.Helper()
	return eventually(t, fmt.Sprintf("%d nodes are connected", n), func() bool {
		s := g.status(t)
		return len(s.connected(0)) == n && (!featuresOn || s.prepares(0) == n)
	})
}

// vitals are the operating system's figures of the gateway.
type vitals struct {
	fds int
	rss int64
}

func (g *gateway) vitals(t testing.TB) vitals {
	t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(g.cmd.Process.Pid))
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		t.Fatal(err)
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return vitals{len(fds), resident * int64(os.Getpagesize())}
}

// ask sends one document and returns status, header and body.
func (g *gateway) ask(t testing.TB, document string) (int, http.Header, string) {
	t.Helper()
	r, err := g.newRequest(t.Context(), "/graphql", strings.NewReader(operation(document)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := g.operators.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

var operations atomic.Int64

// operation is the body of a request for a document. A variable makes it equal to no other,
// so that no two requests share a call.
func operation(document string) string {
	return operationWith(document, map[string]any{"unused": operations.Add(1)})
}

func operationWith(document string, variables map[string]any) string {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(body)
}

// request is a whole request, for clients that misbehave.
func (g *gateway) request(body string) string {
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n%s", g.listen, apiKey, len(body), body)
}

// journal is the log of the gateway.
type journal struct{ logtest.Recorder }

// loggedAt is the time of a record.
func loggedAt(t testing.TB, line string) time.Time {
	t.Helper()
	text, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return at
}

// tail is the end of the log.
func (j *journal) tail(bytes int) string {
	text := j.String()
	return text[max(0, len(text)-bytes):]
}

// line is the first record that contains all parts, or "".
func (j *journal) line(parts ...string) string {
	if found := j.Lines(parts...); len(found) > 0 {
		return strings.TrimSpace(found[0])
	}
	return ""
}
