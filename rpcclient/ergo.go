package rpcclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/ergo-services/ergo/lib"
	"github.com/ergo-services/ergo/node"

	"github.com/louche-graphql/louche/internal/nonblock"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// This file is all there is of ergo. Its node holds our name, dials and registers
// connections. Package erldist provides the handshake and the protocol through ergo's
// extension points: OTP 26 and later refuse ergo's own handshake, and its decoder fails
// on maps with binary keys. See docs/decisions/0001-ergo.md.

func init() {
	// ergo prints a warning to standard error for every failed dial. dial returns the
	// reason as an error.
	flag.Set("ergo.warning", "false")
}

// handshakeTime bounds one handshake, as Erlang's net_setuptime.
const handshakeTime = 7 * time.Second

// runtime is the ergo node.
type runtime struct {
	node    node.Node
	local   erldist.Node
	tls     *tls.Config // nil for plain TCP
	options erldist.Options
}

// startRuntime starts the node. The end of ctx aborts its dials.
func startRuntime(ctx context.Context, cfg NodeConfig) (*runtime, error) {
	cookie, err := cfg.cookie()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := cfg.TLS.config()
	if err != nil {
		return nil, err
	}
	// Before OTP 23, creations 0 to 3 had a special meaning.
	local := erldist.Node{Name: cfg.Name, Creation: rand.Uint32() | 4, Cookie: cookie} // #nosec G404 -- no secret
	// ergo.StartNode would add ergo's own applications, one of which sends metrics to
	// its maker.
	n, err := node.StartWithContext(ctx, cfg.Name, cookie, ergoOptions(local))
	if err != nil {
		return nil, fmt.Errorf("start node %s: %w", cfg.Name, err)
	}
	return &runtime{n, local, tlsConfig, erldist.Options{TickTime: cfg.NetTickTime, MaxMessage: cfg.MaxMessage, Memory: cfg.Memory, MaxReassembly: cfg.MaxReassembly}}, nil
}

func ergoOptions(local erldist.Node) node.Options {
	return node.Options{
		Creation:         local.Creation,
		StaticRoutesOnly: true,
		Registrar:        unregistered{},
		Handshake:        refuseHandshake{},
		Proto:            protocol{},
		// ergo needs a listener. refuseHandshake refuses its peers.
		Listeners: []node.Listener{{Hostname: "127.0.0.1"}},
		System:    node.System{DisableAnonMetrics: true},
	}
}

func (r *runtime) stop() { r.node.Stop() }

// dial connects to the node at addr. ergo registers the connection under name; the
// node tells its own name in the handshake. reconnect is as in [erldist.Node]. After
// ended is closed, the name may be dialled again.
func (r *runtime) dial(ctx context.Context, name string, addr netip.AddrPort, reconnect bool) (conn *erldist.Conn, ended <-chan struct{}, err error) {
	l := &dialState{ctx: ctx, runtime: r, name: name, host: addr.Addr().String(), ended: make(chan struct{})}
	l.local = r.local
	l.local.Reconnect = reconnect
	route := node.RouteOptions{Handshake: handshake{l}, Proto: protocol{l}}
	if err := r.node.AddStaticRoute(name, l.host, addr.Port(), route); err != nil {
		return nil, nil, fmt.Errorf("route to %s: %w", name, err)
	}
	defer r.node.RemoveStaticRoute(name)
	if err := r.node.Connect(name); err != nil || l.conn == nil {
		return nil, nil, r.cause(l, addr, err)
	}
	return l.conn, l.ended, nil
}

// cause finds the reason of a failed connect. ergo itself reports every failure as a
// missing route.
func (r *runtime) cause(l *dialState, addr netip.AddrPort, err error) error {
	switch {
	case err == nil: // ergo had a connection and did not dial
		return fmt.Errorf("there is another connection to %s", l.name)
	case l.err != nil:
		return r.hint(l.err)
	}
	// The dial failed. A second dial shows the reason, mostly at once: the first one
	// has already waited for a silent host.
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	conn, dialErr := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if dialErr != nil {
		return dialErr
	}
	conn.Close()
	return fmt.Errorf("no connection to %s at %s: %w", l.name, addr, err)
}

// secure begins TLS, if it is configured. ergo would begin it before [nonblock.Wrap].
func (r *runtime) secure(ctx context.Context, socket net.Conn, host string) (net.Conn, error) {
	if r.tls == nil {
		return socket, nil
	}
	config := r.tls.Clone()
	config.ServerName = cmp.Or(config.ServerName, host)
	secured := tls.Client(socket, config)
	err := secured.HandshakeContext(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// A node without TLS waits for more bytes after our hello.
		err = fmt.Errorf("%w (the node does not use TLS, or does not respond: start it with -proto_dist inet_tls)", err)
	}
	return secured, err
}

// hint adds the settings to check, for a wrong cookie and for a TLS alert.
func (r *runtime) hint(err error) error {
	if errors.Is(err, erldist.ErrCookie) {
		return fmt.Errorf("%w (compare the node's cookie with node.cookie_file, RELEASE_COOKIE or ~/.erlang.cookie here)", err)
	}
	var op *net.OpError
	if r.tls != nil && len(r.tls.Certificates) == 0 && errors.As(err, &op) && op.Op == "remote error" {
		return fmt.Errorf("%w (the node may require a certificate: set node.tls.cert_file and key_file)", err)
	}
	return err
}

// dialState carries one dial through ergo. It ends with a connection or an error.
type dialState struct {
	ctx     context.Context
	runtime *runtime
	local   erldist.Node
	name    string
	host    string
	socket  net.Conn // over TLS, if runtime.tls is set
	peer    erldist.Peer
	conn    *erldist.Conn
	err     error
	ended   chan struct{}
}

// handshake is a dialState as the ergo handshake of one route.
type handshake struct{ *dialState }

func (handshake) Init(string, uint32, node.Flags) error { return nil }
func (handshake) Version() node.HandshakeVersion        { return 6 }

func (h handshake) Start(_ net.Addr, conn lib.NetReadWriter, _ bool, _ string) (node.HandshakeDetails, error) {
	ctx, cancel := context.WithTimeout(h.ctx, handshakeTime)
	defer cancel()
	if h.socket, h.err = h.runtime.secure(ctx, nonblock.Wrap(conn.(net.Conn)), h.host); h.err == nil {
		h.peer, h.err = erldist.Initiate(ctx, h.socket, h.local)
	}
	// ergo leaks the connection unless it gets the name that it dialled.
	return node.HandshakeDetails{Name: h.name}, h.err
}

func (handshake) Accept(net.Addr, lib.NetReadWriter, bool, string) (node.HandshakeDetails, error) {
	return node.HandshakeDetails{}, lib.ErrUnsupported
}

// refuseHandshake is the handshake of the listener.
type refuseHandshake struct{ handshake }

// protocol is a dialState as the ergo protocol of one route.
type protocol struct{ *dialState }

func (p protocol) Init(_ context.Context, conn lib.NetReadWriter, _ string, _ node.HandshakeDetails) (node.ConnectionInterface, error) {
	limitUnacknowledged(conn.(net.Conn), p.runtime.options.TickTime/4)
	p.conn = erldist.New(p.socket, p.local, p.peer, p.runtime.options)
	return connection{}, nil
}

func (p protocol) Serve(node.ConnectionInterface, node.CoreRouter) { p.conn.Serve() }

// Terminate runs when the connection is no longer registered.
func (p protocol) Terminate(node.ConnectionInterface) { close(p.ended) }

// connection is what ergo registers. ergo sends nothing over it; [erldist.Conn] does.
type connection struct{ node.ConnectionInterface }

// unregistered is a registrar that never publishes this node.
type unregistered struct{ node.Registrar }

func (unregistered) Register(context.Context, string, node.RegisterOptions) error { return nil }

func (unregistered) ResolveProxy(string) (node.ProxyRoute, error) {
	return node.ProxyRoute{}, lib.ErrProxyNoRoute
}
