package server

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"github.com/louche-graphql/louche/internal/network"
)

// announce makes the connection begin with a header of the PROXY protocol, version 1 or 2, which
// names the client.
func (c *clientConn) announce() {
	announced := proxyproto.NewConn(c.Conn, proxyproto.WithPolicy(proxyproto.USE), proxyproto.SetReadHeaderTimeout(c.listener.readTimeout))
	c.Conn = announced
	c.identify = sync.OnceFunc(func() {
		if announced.ProxyHeader() == nil {
			c.refuse(announced)
			return
		}
		c.listener.setClient(c, addressOf(announced.RemoteAddr()))
	})
}

// RemoteAddr returns the address of the client. If the connection begins with a header of the
// PROXY protocol, RemoteAddr waits for it. net/http calls it before it reads, in the goroutine
// of the connection.
func (c *clientConn) RemoteAddr() net.Addr {
	if c.identify != nil {
		c.identify()
	}
	return c.Conn.RemoteAddr()
}

// refuse closes a connection without a valid header. The log names the proxy, unless it sent
// nothing, as some health checks do.
func (c *clientConn) refuse(announced *proxyproto.Conn) {
	defer c.Close()
	announced.SetReadDeadline(time.Unix(1, 0)) // only what has come
	n, err := announced.Read(make([]byte, 1))
	switch _, isNetwork := err.(net.Error); {
	case n > 0:
		err = proxyproto.ErrNoProxyProtocol
	case isNetwork || err == io.EOF:
		return
	}
	c.listener.log.Warn("a connection was closed, because it begins without a valid header of the PROXY protocol; see proxy_protocol", "proxy", announced.Raw().RemoteAddr(), "reason", err)
}

// setClient counts a connection for the client that its header names.
func (l *limitedListener) setClient(c *clientConn, client netip.Addr) {
	room := l.makeRoomFor(client)
	l.mu.Lock()
	var oldest *clientConn
	if !c.closed && !c.surplus {
		l.open.remove(c.network)
		if c.network = network.Of(client); room {
			l.open.add(c.network)
		} else {
			l.idle.Remove(c.slot)
			oldest = l.addSurplus(c)
		}
	}
	l.mu.Unlock()
	if oldest != nil {
		oldest.Close()
	}
}
