package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/ergo-services/ergo/lib"
	"github.com/ergo-services/ergo/node"
	ergodist "github.com/ergo-services/ergo/proto/dist"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Cluster is an EPMD with registered nodes, in this process and on the loopback
// interface. To a client it looks like a host with releases of the application.
type Cluster struct {
	// EPMDPort is the port of the EPMD on 127.0.0.1.
	EPMDPort uint16
	nodes    []node.Node
	serving  sync.WaitGroup // connections
	cancel   context.CancelFunc
}

// StartCluster starts a node for each short name, with the same cookie and
// backend, on free ports.
func StartCluster(b *Backend, cookie string, names ...string) (*Cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Cluster{EPMDPort: port, cancel: cancel}
	for _, name := range names {
		n, err := c.startNode(ctx, b, name+"@127.0.0.1", cookie)
		if err != nil {
			c.Stop()
			return nil, err
		}
		c.nodes = append(c.nodes, n)
	}
	return c, nil
}

// Stop stops the nodes and closes their connections.
func (c *Cluster) Stop() {
	for _, n := range c.nodes {
		n.Stop()
	}
	c.cancel()
	c.serving.Wait()
}

// freePort returns a free port for the EPMD: ergo needs a port number.
func freePort() (uint16, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port), nil
}

// startNode starts an ergo node, which listens and registers itself. It uses the
// handshake and the protocol of this project. The first node starts the EPMD.
func (c *Cluster) startNode(ctx context.Context, b *Backend, name, cookie string) (node.Node, error) {
	l := listener{
		serving: &c.serving,
		local:   erldist.Node{Name: name, Creation: rand.Uint32() | 4, Cookie: cookie, Flags: erldist.HiddenFlags | erldist.FlagPublished}, // #nosec G404 -- no secret
		backend: b,
	}
	n, err := node.StartWithContext(ctx, name, cookie, node.Options{
		Creation:  l.local.Creation,
		Registrar: ergodist.CreateRegistrarWithLocalEPMD("127.0.0.1", c.EPMDPort),
		Handshake: handshake{l},
		Proto:     protocol{l},
		Listeners: []node.Listener{{}},
		System:    node.System{DisableAnonMetrics: true},
	})
	if err != nil {
		return nil, fmt.Errorf("start demo node %s: %w", name, err)
	}
	return n, nil
}

// listener is shared by the connections to one node.
type listener struct {
	serving *sync.WaitGroup
	local   erldist.Node
	backend *Backend
}

// acceptTimeout bounds a handshake, because ergo accepts connections one by one.
const acceptTimeout = 5 * time.Second

// handshake implements ergo's HandshakeInterface.
type handshake struct{ listener }

func (handshake) Init(string, uint32, node.Flags) error { return nil }
func (handshake) Version() node.HandshakeVersion        { return 6 }

func (h handshake) Accept(_ net.Addr, conn lib.NetReadWriter, _ bool, _ string) (node.HandshakeDetails, error) {
	ctx, cancel := context.WithTimeout(context.Background(), acceptTimeout)
	defer cancel()
	peer, err := erldist.Accept(ctx, conn.(net.Conn), h.local)
	return node.HandshakeDetails{Name: peer.Name, Custom: peer}, err
}

func (handshake) Start(net.Addr, lib.NetReadWriter, bool, string) (node.HandshakeDetails, error) {
	return node.HandshakeDetails{}, lib.ErrUnsupported
}

// protocol implements ergo's ProtoInterface.
type protocol struct{ listener }

// connection is the connection that ergo registers.
type connection struct {
	node.ConnectionInterface
	dist *erldist.Conn
}

func (p protocol) Init(_ context.Context, conn lib.NetReadWriter, _ string, details node.HandshakeDetails) (node.ConnectionInterface, error) {
	caller := peer{listener: p.listener}
	options := erldist.Options{Handler: func(ctx context.Context, process erldist.Process) []byte { return caller.executeCall(ctx, process) }}
	caller.conn = erldist.New(conn.(net.Conn), p.local, details.Custom.(erldist.Peer), options)
	return connection{dist: caller.conn}, nil
}

func (p protocol) Serve(c node.ConnectionInterface, _ node.CoreRouter) {
	p.serving.Add(1)
	c.(connection).dist.Serve()
}

func (p protocol) Terminate(node.ConnectionInterface) { p.serving.Done() }

// A peer is a node that calls this one.
type peer struct {
	listener
	conn *erldist.Conn
}

// executeCall is erpc:execute_call/4, the only function that callers spawn.
func (p peer) executeCall(ctx context.Context, process erldist.Process) []byte {
	list, err := properList(process.Args)
	if err != nil || process.Module != "erpc" || process.Function != "execute_call" || len(list) != 4 {
		return etf.AppendAtom(nil, "undef")
	}
	d := etf.NewDecoder(list[0])
	ref, refErr := d.Ref()
	module, moduleErr := atomOf(list[1])
	function, functionErr := atomOf(list[2])
	if refErr != nil || moduleErr != nil || functionErr != nil {
		return etf.AppendAtom(nil, "badarg")
	}
	outcome, err := p.apply(ctx, module, function, list[3])
	if err != nil { // killed: the caller has left
		return etf.AppendAtom(nil, "killed")
	}
	return outcome.AppendReason(nil, ref)
}

func (p peer) apply(ctx context.Context, module, function string, args etf.Term) (Outcome, error) {
	switch module + ":" + function {
	case "erlang:whereis":
		// Callers use the process user as group leader. The demo does not print.
		user := etf.Pid{Node: p.local.Name, ID: 1, Creation: p.local.Creation}
		return returned(encoded(etf.AppendPid(nil, user))), nil
	case "init:get_status":
		return returned(tuple{atom("started"), atom("started")}), nil
	case "lists:zipwith3":
		return p.zipWith3(ctx, args)
	case "erl_eval:expr":
		return p.evaluate(WithNode(ctx, p.local.Name), args)
	case "erlang:process_flag":
		// The demo has no linked processes.
		return returned(false), nil
	case "logger:set_process_metadata":
		// The demo does not log.
		return returned(atom("ok")), nil
	}
	return p.backend.Apply(WithNode(ctx, p.local.Name), module, function, args)
}
