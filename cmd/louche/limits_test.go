package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/beamtest"
	"github.com/louche-graphql/louche/internal/waittest"
)

// What is more than the gateway or a node may have is refused at once, and what is
// under way is not disturbed.
func TestOverload(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	for name, yaml := range map[string]string{
		"on a node":      before(epmd, "    load: {in_flight: 4, queue: 1, queue_time: 1ms}"),
		"in the gateway": before(epmd) + "limits: {in_flight: 4}\n",
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

// The client is told, and the connection goes on.
func TestAnswerTooLarge(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, before(epmd)+"limits: {answer: 1000000}\n")
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

// A client that sends its request a byte at a time is given up, head or body.
func TestSlowClients(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	g := launch(t, before(epmd)+"limits: {read_timeout: 300ms}\n")
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

// More connections than there may be wait until one ends.
func TestConnections(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	g := launch(t, before(epmd)+"limits: {connections: 2}\n")
	ask := func(conn net.Conn, patience time.Duration) error {
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	var conns []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	for i, conn := range conns[:2] {
		if err := ask(conn, waittest.Limit); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
	}
	if err := ask(conns[2], 300*time.Millisecond); err == nil {
		t.Error("the third is served beside two")
	}
	conns[0].Close()
	eventually(t, "the third is served", func() bool { return ask(conns[2], time.Second) == nil })
}

// The time to send a request is over when it has been sent: an operation may take
// longer, by any method and version of HTTP.
func TestOperationLongerThanReadTimeout(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, before(epmd)+"limits: {read_timeout: 1s}\n")
	for _, versions := range []func(*http.Protocols){
		func(p *http.Protocols) { p.SetHTTP1(true) },
		func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		versions(transport.Protocols)
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		for method, ask := range map[string]func() (*http.Response, error){
			"GET": func() (*http.Response, error) {
				return client.Get(g.url + "/graphql?query=%7Bsleep(ms:+1500)%7D")
			},
			"POST": func() (*http.Response, error) {
				return client.Post(g.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ sleep(ms: 1500) }"}`))
			},
		} {
			resp, err := ask()
			if err != nil {
				t.Errorf("%s, %v: %v", method, transport.Protocols, err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != `{"data":{"sleep":true}}` || err != nil {
				t.Errorf("%s, %s: %d %s, %v", method, resp.Proto, resp.StatusCode, body, err)
			}
		}
	}
}
