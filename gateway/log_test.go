package gateway

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/internal/logging"
)

// floods send what a client can repeat to fill the log.
var floods = map[string]func(t *testing.T, address string, i int){
	"document in no manifest": func(t *testing.T, address string, i int) {
		send(t, address, fmt.Sprintf(`{"query":"query A { a%d }","operationName":"%s"}`, i, strings.Repeat("A", 1<<16)))
	},
	"failed operation": func(t *testing.T, address string, _ int) { send(t, address, `{"query":"{ a }"}`) },
	"batch element":    func(t *testing.T, address string, _ int) { send(t, address, `[{"query":"{ a }"},{"query":"{ b }"}]`) },
	"HTTP/2 preface": func(t *testing.T, address string, _ int) {
		connection(t, address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678") // PING before SETTINGS
	},
	"wrong token of an operator": func(t *testing.T, address string, _ int) {
		r, _ := http.NewRequest(http.MethodGet, "http://"+address+"/status", nil)
		r.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 1<<15))
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	},
}

func send(t *testing.T, address string, body string) {
	t.Helper()
	resp, err := http.Post("http://"+address+"/graphql", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

func connection(t *testing.T, address string, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, text)
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
	conn.Close()
}

const requests = 300

func TestClientsCauseFewAndShortLines(t *testing.T) {
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			handler := logging.NewHandler(&log, slog.LevelInfo, false)
			app := unreachableApp(t, nil)
			app.Config.Trusted = engine.TrustedConfig{Mode: "log", Manifests: []string{manifest(t, `{"aa11":"{ b }"}`)}}
			var err error
			if app.Trusted, err = engine.LoadTrustedDocuments(app.Config.Trusted); err != nil {
				t.Fatal(err)
			}
			g := newGateway(Limits{}, slog.New(handler), app)
			g.SetAdminToken(operatorToken)
			served := g.Handler()
			if strings.Contains(name, "operator") {
				served = g.Admin()
			}
			address, stop := serveOn(t, g, served)
			defer stop()
			for i := range requests {
				flood(t, address, i)
			}
			stop()
			handler.Close(time.Minute)
			// The throttle lets ten lines pass in each period, and a slow machine takes several.
			if lines := strings.Count(log.String(), "\n"); lines == 0 || lines > requests/2 {
				t.Errorf("%d lines", lines)
			}
			for line := range strings.Lines(log.String()) {
				if len(line) > 10<<10 {
					t.Errorf("a line of %d bytes: %.200s", len(line), line)
				}
			}
		})
	}
}
