package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// Requests over the limits of the gateway or a node are refused at once. Requests in flight
// continue.
func TestOverload(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	for name, yaml := range map[string]string{
		"on a node":      configFor(epmd, "    load: {in_flight: 4, queue: 1, queue_time: 1ms}"),
		"in the gateway": configFor(epmd) + "limits: {in_flight: 4}\n",
	} {
		t.Run(name, func(t *testing.T) {
			node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
			defer node.Kill()
			g := startGateway(t, yaml)
			var slow []<-chan string
			for range 4 {
				slow = append(slow, g.async(t, sleep))
			}
			eventually(t, "four run", func() bool { return strings.Count(node.Output(), "sleeping ") == 4 })
			resp, err := http.Post(g.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ counter }"}`))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 503 || code(t, string(body)) != "OVERLOADED" || resp.Header.Get("Retry-After") != "1" {
				t.Errorf("the fifth got %d, Retry-After %q, %s", resp.StatusCode, resp.Header.Get("Retry-After"), body)
			}
			node.Wake(t)
			for _, answered := range slow {
				if answer := <-answered; answer != `{"data":{"sleep":true}}` {
					t.Errorf("one under way got %s", answer)
				}
			}
			if status, answer := g.query(t, `{ counter }`); answer != `{"data":{"counter":1}}` {
				t.Errorf("afterwards: %d %s", status, answer)
			}
		})
	}
}

// The client gets the error, and the connection stays open.
func TestAnswerTooLarge(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"limits: {answer: 1000000}\n")
	for bytes, want := range map[int]string{900_000: "", 1_100_000: "ANSWER_TOO_LARGE", 20_000_000: "ANSWER_TOO_LARGE"} {
		status, answer := g.query(t, fmt.Sprintf(`{ large(bytes: %d) }`, bytes))
		if got := code(t, answer); got != want || (status == 502) != (want != "") {
			t.Errorf("%d bytes: %d %s", bytes, status, got)
		}
	}
	if log := g.log.String(); strings.Contains(log, "node down") {
		t.Errorf("the connection was lost:\n%s", log)
	}
}

// A client that sends its head or its body byte by byte is disconnected.
func TestSlowClients(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	g := launch(t, configFor(epmd)+"limits: {read_timeout: 300ms}\n")
	for _, begin := range []string{
		"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Endless: ",
		"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(waittest.Limit))
		io.WriteString(conn, begin)
		go func() {
			for range time.Tick(20 * time.Millisecond) {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}()
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.20q is listened to without an end", begin)
		}
	}
}

// rawConn is the connection of a client.
type rawConn struct {
	net.Conn
	in *bufio.Reader
}

func dialClients(t *testing.T, g *running) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawConn{conn, bufio.NewReader(conn)}
}

// status sends a request and returns the status of the response, or 0 if the connection is
// closed.
func (c *rawConn) status(request string) int {
	io.WriteString(c, request)
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

const (
	askHealth  = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	askHello   = "GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nHost: x\r\n\r\n"
	askSlowly  = "GET /graphql?query=%7Bsleep(ms:3600000)%7D HTTP/1.1\r\nHost: x\r\n\r\n"
	beginToAsk = "GET /graphql HTTP/1.1\r\nHost: x\r\nX-Endless: "
)

// A connection over the limit replaces the one that has been idle for longest: before, in
// or after a request.
func TestIdleConnectionsAreReplaced(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	g := launch(t, configFor(epmd)+"limits: {connections: 3, connections_per_address: 3}\n")
	silent, half, used := dialClients(t, g), dialClients(t, g), dialClients(t, g)
	io.WriteString(half, beginToAsk)
	if status := used.status(askHealth); status != 200 {
		t.Fatalf("the last of three connections: %d", status)
	}
	for _, longest := range []*rawConn{silent, half, used} {
		if status := dialClients(t, g).status(askHealth); status != 200 {
			t.Errorf("another connection: %d", status)
		}
		if _, err := longest.in.ReadByte(); err == nil {
			t.Error("the connection that was idle for longest is still open")
		}
	}
}

// While every connection has a request in flight, a further one gets health checks, and
// refuses other requests at once.
func TestHealthBeyondConnections(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for name, limits := range map[string]string{
		"in all":      "limits: {connections: 2, connections_per_address: 2}\n",
		"per address": "limits: {connections: 100, connections_per_address: 2}\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := startGateway(t, strings.Replace(configFor(epmd, "    timeout: 1h"), "127.0.0.0/8", "10.0.0.0/8", 1)+limits)
			g.cutOff = true
			seen := strings.Count(node.Output(), "sleeping ")
			var busy []*rawConn
			for range 2 {
				busy = append(busy, dialClients(t, g))
				io.WriteString(busy[len(busy)-1], askSlowly)
			}
			waittest.Until(t, "both operations run", func() bool { return strings.Count(node.Output(), "sleeping ") == seen+2 })
			for range 200 { // more than can be open beyond the limit
				if status := dialClients(t, g).status(askHealth); status != 200 {
					t.Fatalf("/healthz: %d", status)
				}
			}
			if status := dialClients(t, g).status(askHello); status != 503 {
				t.Errorf("an operation: %d, want 503", status)
			}
			busy[0].Close()
			waittest.Until(t, "there is room again", func() bool { return dialClients(t, g).status(askHello) == 200 })
		})
	}
}

// A trusted proxy has the connections of many clients, so limits.connections_per_address
// does not apply to it.
func TestConnectionsOfTrustedProxies(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	g := launch(t, configFor(epmd)+"limits: {connections: 100, connections_per_address: 1}\n")
	first := dialClients(t, g)
	for range 3 { // the tests trust 127.0.0.0/8
		dialClients(t, g).status(askHealth)
	}
	if status := first.status(askHealth); status != 200 {
		t.Errorf("the first connection of the proxy: %d", status)
	}
}

// read_timeout ends when the request has arrived. An operation may take longer, with every
// method and version of HTTP.
func TestOperationLongerThanReadTimeout(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"limits: {read_timeout: 3s}\n")
	var clients sync.WaitGroup
	for _, versions := range []func(*http.Protocols){
		func(p *http.Protocols) { p.SetHTTP1(true) },
		func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		for method, ask := range map[string]func(*http.Client) (*http.Response, error){
			"GET": func(client *http.Client) (*http.Response, error) {
				return client.Get(g.url + "/graphql?query=%7Bsleep(ms:+4000)%7D")
			},
			"POST": func(client *http.Client) (*http.Response, error) {
				return client.Post(g.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ sleep(ms: 4000) }"}`))
			},
		} {
			transport := &http.Transport{Protocols: new(http.Protocols)}
			versions(transport.Protocols)
			defer transport.CloseIdleConnections()
			clients.Go(func() {
				resp, err := ask(&http.Client{Transport: transport})
				if err != nil {
					t.Errorf("%s, %v: %v", method, transport.Protocols, err)
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if string(body) != `{"data":{"sleep":true}}` || err != nil {
					t.Errorf("%s, %s: %d %s, %v", method, resp.Proto, resp.StatusCode, body, err)
				}
			})
		}
	}
	clients.Wait()
}
