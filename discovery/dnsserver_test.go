package discovery_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// zone is a DNS server on loopback, over UDP and TCP.
type zone struct {
	address string

	mu      sync.Mutex
	records map[question]record
}

type question struct {
	name string
	kind uint16 // dns.TypeA or dns.TypeAAAA
}

type record struct {
	code      int  // dns.RcodeSuccess, …
	silent    bool // no answer
	truncated bool // a truncated answer by UDP, none by TCP
	addrs     []netip.Addr
}

// startDNS starts a server without names.
func startDNS(t *testing.T) *zone {
	t.Helper()
	z := &zone{records: make(map[question]record)}
	tcp, udp := listenDNS(t)
	z.address = tcp.Addr().String()
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

// listenDNS listens on one port with TCP and UDP. It tries several, because a port that is
// free with TCP may be taken with UDP.
func listenDNS(t *testing.T) (net.Listener, net.PacketConn) {
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

// resolver returns Go's resolver for this server alone.
func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, z.address)
		},
	}
}

// set sets the addresses of a name. A family without addresses answers without records.
func (z *zone) set(name string, addrs ...string) {
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		if addr := netip.MustParseAddr(a); addr.Is4() {
			v4 = append(v4, addr)
		} else {
			v6 = append(v6, addr)
		}
	}
	z.answer(name, dns.TypeA, record{addrs: v4})
	z.answer(name, dns.TypeAAAA, record{addrs: v6})
}

// answer sets the answer to one question. Unknown names answer NXDOMAIN.
func (z *zone) answer(name string, kind uint16, r record) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[question{dns.Fqdn(name), kind}] = r
}

func (z *zone) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	q := request.Question[0]
	z.mu.Lock()
	r, known := z.records[question{q.Name, q.Qtype}]
	z.mu.Unlock()
	byUDP := w.RemoteAddr().Network() == "udp"
	if r.silent {
		return
	}
	if r.truncated && !byUDP {
		w.Close()
		return
	}
	reply := new(dns.Msg).SetReply(request)
	reply.Authoritative = true
	reply.Rcode = r.code
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	for _, addr := range r.addrs {
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
		reply.Truncated = reply.Truncated || r.truncated
	}
	w.WriteMsg(reply)
}
