package server

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Another write timeout takes effect on open connections of HTTP/2.
func TestWriteTimeoutReachesOpenHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(slog.New(slog.DiscardHandler))
		limits := s.Limits()
		s.Limits = func() Limits { return limits }
		ours, client := net.Pipe() // which the client does not read
		defer client.Close()
		conn, err := s.LimitClients(oneConn{ours}, nil).Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.(*clientConn).begin(http2)
		limits.WriteTimeout = time.Second
		began := time.Now()
		if _, err := conn.Write(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// oneConn is a listener with one connection.
type oneConn struct{ conn net.Conn }

func (l oneConn) Accept() (net.Conn, error) { return l.conn, nil }
func (l oneConn) Addr() net.Addr            { return l.conn.LocalAddr() }
func (l oneConn) Close() error              { return nil }
