// Package dnstest has a DNS server for tests.
package dnstest

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A Zone is a DNS server with the names that a test gives it.
type Zone struct {
	address string

	mu      sync.Mutex
	records map[question]Record
}

type question struct {
	name string
	kind uint16 // dns.TypeA or dns.TypeAAAA
}

// A Record is the answer to one question.
type Record struct {
	Code      int  // dns.RcodeSuccess, …
	Silent    bool // no answer
	Truncated bool // a truncated answer by UDP, none by TCP
	Addrs     []netip.Addr
}

// Start starts a server without names on loopback, over UDP and TCP.
func Start(t testing.TB) *Zone {
	t.Helper()
	tcp, udp := listen(t)
	return Serve(t, tcp, udp)
}

// Serve starts a server without names. The end of the test stops it.
func Serve(t testing.TB, tcp net.Listener, udp net.PacketConn) *Zone {
	t.Helper()
	z := &Zone{records: make(map[question]Record), address: tcp.Addr().String()}
	for _, server := range []*dns.Server{{Listener: tcp, Handler: z}, {PacketConn: udp, Handler: z}} {
		up, down := make(chan struct{}), make(chan struct{})
		server.NotifyStartedFunc = func() { close(up) }
		go func() {
			defer close(down)
			server.ActivateAndServe()
		}()
		<-up
		t.Cleanup(func() {
			server.Shutdown()
			<-down
		})
	}
	return z
}

// listen listens on one port with TCP and UDP. It tries several, because a port that is
// free with TCP may be taken with UDP.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	var err error
	for range 5 {
		var tcp net.Listener
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			break
		}
		var udp net.PacketConn
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	t.Fatal(err)
	return nil, nil
}

// Resolver returns Go's resolver for this server alone.
func (z *Zone) Resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, z.address)
		},
	}
}

// Set sets the addresses of a name. A family without addresses answers without records.
func (z *Zone) Set(name string, addrs ...string) {
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		if addr := netip.MustParseAddr(a); addr.Is4() {
			v4 = append(v4, addr)
		} else {
			v6 = append(v6, addr)
		}
	}
	z.SetRecord(name, dns.TypeA, Record{Addrs: v4})
	z.SetRecord(name, dns.TypeAAAA, Record{Addrs: v6})
}

// SetRecord sets the answer to one question. Unknown names answer NXDOMAIN.
func (z *Zone) SetRecord(name string, kind uint16, r Record) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[question{dns.Fqdn(name), kind}] = r
}

// ServeDNS answers a question.
func (z *Zone) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	q := request.Question[0]
	z.mu.Lock()
	r, known := z.records[question{q.Name, q.Qtype}]
	z.mu.Unlock()
	byUDP := w.RemoteAddr().Network() == "udp"
	if r.Silent {
		return
	}
	if r.Truncated && !byUDP {
		w.Close()
		return
	}
	reply := new(dns.Msg).SetReply(request)
	reply.Authoritative = true
	reply.Rcode = r.Code
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	for _, addr := range r.Addrs {
		header := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET}
		if q.Qtype == dns.TypeA {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: addr.AsSlice()})
		} else {
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: addr.AsSlice()})
		}
	}
	if byUDP {
		size := dns.MinMsgSize
		if options := request.IsEdns0(); options != nil {
			size = int(options.UDPSize())
		}
		reply.Truncate(size)
		reply.Truncated = reply.Truncated || r.Truncated
	}
	w.WriteMsg(reply)
}
