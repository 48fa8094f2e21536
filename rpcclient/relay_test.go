package rpcclient_test

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
)

// relay is between a gateway and a node, and disturbs their connections like a
// network.
type relay struct {
	rpcclient.NodeAddr // the node's address for the gateway
	node               netip.AddrPort
	listener           net.Listener

	mu      sync.Mutex
	refuses bool
	wires   []*wire
	pumping sync.WaitGroup
}

// wire is one relayed connection.
type wire struct {
	gateway, node net.Conn
	up, down      direction // to the node, from the node
	cut           chan struct{}
	once          sync.Once
}

// direction is one half of a wire.
type direction struct {
	read    atomic.Int64 // bytes read from the sender
	frozen  atomic.Bool  // bytes are not passed on
	clogged atomic.Bool  // frozen from the first piece on that is larger than small

	mu    sync.Mutex
	limit int64         // bytes that are passed on; 0: all
	freed chan struct{} // closed when limit has changed
}

// setLimit sets how many bytes are passed on; 0: all.
func (d *direction) setLimit(limit int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = limit
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}

// held returns a channel that is closed when the limit has changed. Nil: what was read is
// within it.
func (d *direction) held() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == 0 || d.read.Load() <= d.limit {
		return nil
	}
	if d.freed == nil {
		d.freed = make(chan struct{})
	}
	return d.freed
}

// small exceeds what the gateway writes besides calls, in bytes.
const small = 4 << 10

// newRelay puts a relay in front of a node. name is the name of its address.
func newRelay(t testing.TB, name string, node rpcclient.NodeAddr) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{
		NodeAddr: rpcclient.NodeAddr{Name: name, Addr: listener.Addr().(*net.TCPAddr).AddrPort()},
		node:     node.Addr,
		listener: listener,
	}
	r.pumping.Go(r.accept)
	t.Cleanup(func() {
		listener.Close()
		r.refuse(true) // a connection that is being made
		r.cut()
		r.pumping.Wait()
	})
	return r
}

func (r *relay) accept() {
	for {
		gateway, err := r.listener.Accept()
		if err != nil {
			return
		}
		if node, err := net.Dial("tcp", r.node.String()); err != nil || !r.begin(gateway, node) {
			gateway.Close()
			if err == nil {
				node.Close()
			}
		}
	}
}

func (r *relay) begin(gateway, node net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuses {
		return false
	}
	w := &wire{gateway: gateway, node: node, cut: make(chan struct{})}
	r.wires = append(r.wires, w)
	r.pumping.Go(func() { w.pump(&w.up, gateway, node) })
	r.pumping.Go(func() { w.pump(&w.down, node, gateway) })
	return true
}

func (w *wire) pump(d *direction, from, to net.Conn) {
	defer w.close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		d.read.Add(int64(n))
		if err != nil {
			return
		}
		if d.frozen.Load() || d.clogged.Load() && n > small {
			<-w.cut
			return
		}
		for freed := d.held(); freed != nil; freed = d.held() {
			select {
			case <-freed:
			case <-w.cut:
				return
			}
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

func (w *wire) close() {
	w.once.Do(func() {
		close(w.cut)
		w.gateway.Close()
		w.node.Close()
	})
}

// wire returns the latest connection.
func (r *relay) wire() *wire {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wires[len(r.wires)-1]
}

// cut ends every connection.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.wires {
		w.close()
	}
}

// lose cuts every connection and refuses new ones, so that calls find the node gone however
// long they take to look for another. refuse(false) ends that.
func (r *relay) lose() {
	r.refuse(true)
	r.cut()
}

// refuse sets whether new connections are closed at once.
func (r *relay) refuse(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = yes
}
