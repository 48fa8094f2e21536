package gateway

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// A reload of write_timeout takes effect on open connections of HTTP/2.
func TestWriteTimeoutOfReloadReachesHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, limits := timeoutGateway()
		ours, client := net.Pipe() // which the client does not read
		defer client.Close()
		conn, err := g.LimitClients(oneConn{ours}, nil).Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.(*clientConn).begin(http2)
		limits.WriteTimeout = time.Second
		g.Reconfigure(limits, nil)
		began := time.Now()
		if _, err := conn.Write(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// A reload of write_timeout takes effect on the operators' listener.
func TestWriteTimeoutOfReloadReachesOperators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, limits := timeoutGateway()
		admin := g.Admin()
		limits.WriteTimeout = time.Second
		g.Reconfigure(limits, nil)
		w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminURL+"/healthz", nil))
		if got := time.Until(w.deadline); got != time.Second {
			t.Errorf("the deadline for writing is in %v", got)
		}
	})
}

func timeoutGateway() (*Gateway, Limits) {
	limits := Limits{WriteTimeout: time.Minute}
	limits.SetDefaults()
	return New(nil, limits, nil, memory.NewBudget(limits.Memory), slog.New(slog.DiscardHandler)), limits
}

// oneConn is a listener with one connection.
type oneConn struct{ conn net.Conn }

func (l oneConn) Accept() (net.Conn, error) { return l.conn, nil }
func (l oneConn) Addr() net.Addr            { return l.conn.LocalAddr() }
func (l oneConn) Close() error              { return nil }

// deadlineRecorder records the deadline for writing.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (r *deadlineRecorder) SetReadDeadline(time.Time) error { return nil }

func (r *deadlineRecorder) SetWriteDeadline(at time.Time) error {
	r.deadline = at
	return nil
}
