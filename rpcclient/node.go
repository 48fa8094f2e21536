package rpcclient

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"sync"
)

// A Node is the Erlang node of this process: one name, one cookie, hidden, refusing every
// incoming connection. Its pools share its connections.
type Node struct {
	runtime *runtime
	log     *slog.Logger
	ctx     context.Context // ends with the node
	cancel  context.CancelFunc
	running sync.WaitGroup // peers, including released ones

	slow SlowCalls

	dials chan struct{} // holds a token for each handshake in progress

	mu    sync.Mutex
	peers map[netip.AddrPort]*peer // by address: a node found in two ways has one address
}

// maxDials bounds concurrent handshakes. A silent node blocks one for handshakeTime.
const maxDials = 64

// Start starts a node with a name and a cookie. A [Pool] makes it connect to others. All
// nodes of a process must start before one of them connects.
func Start(cfg NodeConfig, log *slog.Logger) (*Node, error) {
	cfg.NetTickTime = cmp.Or(cfg.NetTickTime, netTickTime)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := startRuntime(ctx, cfg)
	if err != nil {
		cancel()
		return nil, err
	}
	return &Node{runtime: r, log: log, ctx: ctx, cancel: cancel, dials: make(chan struct{}, maxDials), peers: make(map[netip.AddrPort]*peer)}, nil
}

// Name returns the node's name.
func (n *Node) Name() string { return n.runtime.local.Name }

// Stop closes every connection for good and fails the calls in flight. Close the pools
// first.
func (n *Node) Stop() {
	n.mu.Lock()
	n.cancel()
	n.mu.Unlock()
	n.running.Wait()
	n.runtime.stop()
}

// SlowCalls returns what slow calls of all pools do.
func (n *Node) SlowCalls() *SlowCalls { return &n.slow }

// hold returns the peer for an address and starts a new one if necessary.
func (n *Node) hold(t NodeAddr) *peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[t.Addr]
	if p == nil {
		ctx, cancel := context.WithCancel(n.ctx)
		p = newPeer(t, n, cancel)
		n.peers[t.Addr] = p
		if ctx.Err() == nil {
			n.running.Go(func() { p.run(ctx) })
		}
	}
	p.holders++
	return p
}

// release undoes hold. The last release closes the connection.
func (n *Node) release(p *peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.holders--; p.holders == 0 {
		delete(n.peers, p.target.Addr)
		p.cancel()
	}
}

// SetDrained sets whether a node is drained. A drained node gets no new calls; calls
// in flight finish. The setting survives reconnections while a pool lists the node.
// node is an address or a name of [NodeStatus]. Several nodes may share a name, which
// then means all of them; an address means one. known is false if there is no such
// node.
func (n *Node) SetDrained(node string, drained bool) (known bool) {
	addr, err := netip.ParseAddrPort(node)
	byAddress := err == nil
	n.mu.Lock()
	defer n.mu.Unlock()
	for at, p := range n.peers {
		if byAddress && at != addr || !byAddress && p.name() != node {
			continue
		}
		p.drained.Store(drained)
		p.notify()
		message := "node drained by an operator"
		if !drained {
			message = "node undrained by an operator"
		}
		n.log.Info(message, "node", p.name(), "address", at)
		known = true
	}
	return known
}
