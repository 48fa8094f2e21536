package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// transport finds a node that uses TLS where the gateway does not, and the reverse. Their
// handshake fails with errors that have other causes, too. A node that refuses the cookie speaks
// as the gateway does.
func (e *examination) transport(ctx context.Context, app *config.App, r service.ProbeResult) (f Finding, found bool) {
	if errors.Is(r.Err, erldist.ErrCookie) {
		return f, false
	}
	f = Finding{Check: "tls", Status: Failed}
	switch isOn := e.cfg.Node.TLS.CAFile != ""; {
	case !isOn && e.speaksTLS(ctx, r.Addr.Addr):
		f.Detail = fmt.Sprintf("%s at %s uses TLS, and the gateway does not", r.Addr.Name, r.Addr.Addr)
		f.Remedy = "set node.tls.ca_file to the authority of the nodes' certificates, and node.tls.cert_file and key_file to a certificate of the gateway if nodes verify their peers: docs/tls-distribution.md"
	case isOn && e.speaksPlain(ctx, app, r.Addr):
		f.Detail = fmt.Sprintf("%s at %s does not use TLS, and the gateway does", r.Addr.Name, r.Addr.Addr)
		f.Remedy = "start that node with -proto_dist inet_tls: docs/tls-distribution.md; or remove node.tls if no node uses TLS"
	default:
		return f, false
	}
	return f, true
}

// speaksTLS reports whether a server at an address answers the hello of TLS, be it by an alert.
func (e *examination) speaksTLS(ctx context.Context, addr netip.AddrPort) bool {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	// The connection ends after the handshake.
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // #nosec G402
	conn, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err == nil {
		conn.Close()
		return true
	}
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "remote error"
}

// speaksPlain reports whether a node takes a handshake without TLS.
func (e *examination) speaksPlain(ctx context.Context, app *config.App, addr rpcclient.NodeAddr) bool {
	plain := *e.cfg
	plain.Node.TLS = rpcclient.TLSConfig{}
	prober, err := service.NewProber(&plain, "doctor")
	if err != nil {
		return false
	}
	defer prober.Close()
	r := prober.Probe(ctx, addr, app, e.timeout)
	return r.Name != "" || errors.Is(r.Err, erldist.ErrCookie)
}
