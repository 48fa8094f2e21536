package chaos

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// network is hosts around a router, each in its own namespace.
type network struct {
	router *beamtest.Namespace
	hosts  int
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{router: beamtest.NewNamespace(t)}
	var err error
	n.router.Do(func() { err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// host is a namespace and its address in a network.
type host struct {
	*beamtest.Namespace
	address string
	network *network
}

// attach makes a host with a link to the router.
func (n *network) attach(t *testing.T) host {
	t.Helper()
	n.hosts++
	h := host{beamtest.NewNamespace(t), fmt.Sprintf("10.0.%d.2", n.hosts), n}
	link := fmt.Sprintf("link%d", n.hosts)
	n.router.IP(t, "link add "+link+" type veth peer name uplink netns "+h.Path())
	n.router.IP(t, fmt.Sprintf("address add 10.0.%d.1/24 dev %s", n.hosts, link))
	n.router.IP(t, "link set "+link+" up")
	h.IP(t, "address add "+h.address+"/24 dev uplink")
	h.IP(t, "link set uplink up")
	h.IP(t, fmt.Sprintf("route add default via 10.0.%d.1", n.hosts))
	return h
}

// cut makes the router silently drop all packets from and to the host.
func (h host) cut(t *testing.T) {
	t.Helper()
	h.network.router.IP(t, "rule add from "+h.address+" blackhole")
	h.network.router.IP(t, "rule add to "+h.address+" blackhole")
}

// mend undoes cut.
func (h host) mend(t *testing.T) {
	t.Helper()
	h.network.router.IP(t, "rule del from "+h.address+" blackhole")
	h.network.router.IP(t, "rule del to "+h.address+" blackhole")
}

// impair delays the host's packets and loses some of them. It reports whether the
// kernel supports that.
func (h host) impair(delay time.Duration, loss float64) bool {
	var err error
	h.Do(func() {
		err = exec.Command("tc", "qdisc", "add", "dev", "uplink", "root", "netem",
			"delay", delay.String(), "loss", fmt.Sprintf("%g%%", loss)).Run()
	})
	return err == nil
}

// epmdPort is the port of every host's EPMD.
const epmdPort = 4369

// startNode starts a node on the host, and its EPMD.
func (h host) startNode(t *testing.T, pace time.Duration, args ...string) *beamtest.Node {
	t.Helper()
	beamtest.StartEPMDIn(t, h.Namespace, epmdPort, h.address)
	return beamtest.StartNode(t, beamtest.Options{
		Name:      "testapp@" + h.address,
		EPMDPort:  epmdPort,
		Namespace: h.Namespace,
		Env:       []string{fmt.Sprintf("TESTAPP_PACE=%d", pace.Milliseconds())},
		Args:      append(smallNode, args...),
	})
}

// Nothing comes over a cut link: no refusal, no reset, no unreachable host.
func TestCutIsSilent(t *testing.T) {
	n := newNetwork(t)
	near, far := n.attach(t), n.attach(t)
	l, err := far.Listen("tcp", far.address+":7")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(conn, conn)
		}
	}()
	const silence = 500 * time.Millisecond
	dial := func(timeout time.Duration) (conn net.Conn, err error) {
		near.Do(func() { conn, err = net.DialTimeout("tcp", far.address+":7", timeout) })
		return conn, err
	}
	conn, err := dial(waittest.Limit)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	echo := func(timeout time.Duration) error {
		conn.SetDeadline(time.Now().Add(timeout))
		if _, err := conn.Write([]byte("?")); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, 1))
		return err
	}
	if err := echo(waittest.Limit); err != nil {
		t.Fatalf("before the cut: %v", err)
	}
	far.cut(t)
	_, dialled := dial(silence)
	for what, err := range map[string]error{"on a connection": echo(silence), "connecting": dialled} {
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s over the cut link: %v, want silence", what, err)
		}
	}
	far.mend(t)
	if conn, err := dial(waittest.Limit); err != nil {
		t.Errorf("after the link is back: %v", err)
	} else {
		conn.Close()
	}
}

// The link to one of two nodes is cut while calls run on the node.
func TestLinkCut(t *testing.T) {
	// The gateway closes a connection after a quarter of its tick time without
	// acknowledgement.
	const tickTime, nodeTickTime, interval, timeout, hasty = 32 * time.Second, 8 * time.Second, time.Second, 500 * time.Millisecond, 2 * time.Second
	n := newNetwork(t)
	front, east, west := n.attach(t), n.attach(t), n.attach(t)
	ticks := []string{"-kernel", "net_ticktime", fmt.Sprint(nodeTickTime.Seconds())}
	pace := 50 * time.Millisecond
	began := time.Now()
	eastern := east.startNode(t, pace, ticks...)
	starting := time.Since(began) // a measure of this machine's speed
	west.startNode(t, pace, ticks...)
	discovery := fmt.Sprintf("dns: [%s, %s], prefix: testapp, epmd_port: %d, interval: %v, timeout: %v", east.address, west.address, epmdPort, interval, timeout)
	g := startGateway(t, front.Namespace, settings{
		node:      fmt.Sprintf(", net_ticktime: %v", tickTime),
		discovery: discovery,
		app:       []string{longTimeout},
		more: []string{"  - path: /hasty", "    schema: TestApp.Schema", fmt.Sprintf("    timeout: %v", hasty),
			"    discovery: {" + discovery + "}"},
	})
	g.waitConnected(t, 2)
	inUse := func() bool { return len(g.status(t).connected(0)) == 2 }

	query := func(int) string { return operation(`{ counter pace }`) }
	rate := max(1, g.rate(t, form(120, 200))/2)
	patients, hasties := g.offer(rate, 0, "/graphql", query), g.offer(rate, 0, "/hasty", query)
	patients.waitAnswered(t, 2*rate) // so that the budget allows retries

	east.cut(t)
	cut := time.Since(patients.began)
	noticed := eventually(t, "the dead peer is noticed", func() bool { return !inUse() })
	noticedAt := time.Since(patients.began)
	eventually(t, "the other side has noticed, too", func() bool { return eastern.Eval(t, "Node.list(:hidden)") == "[]" })
	before := count(t, eastern)
	east.mend(t)
	back := eventually(t, "the node is connected again", inUse)
	eventually(t, "the node is in use again", func() bool { return count(t, eastern) > before+20 })
	p, h := patients.end(), hasties.end()

	during := func(o outcome) bool { return o.sent+o.took >= cut && o.sent < noticedAt }
	pd, hd := p.filter(during), h.filter(during)
	t.Logf("figures: net_ticktime %v; noticed after %v; connected %v after the link was back, polls every %v", tickTime, noticed, back, interval)
	t.Logf("figures: until it was noticed, with a deadline of %v: %v; of %v: %v", waittest.Limit, pd, hasty, hd)
	// A poll in progress may have to time out first.
	if back > timeout+interval*11/10+starting {
		t.Errorf("connected %v after the link was back, want one poll", back)
	}
	if failed := p.failed(); len(failed) > 0 {
		t.Errorf("%d queries failed that had time for another node; the first: %+v", len(failed), failed[0])
	}
	if late := pd.filter(func(o outcome) bool { return o.took > 10*pace }); len(late) == 0 {
		t.Error("no query was in flight on the link, so the test shows nothing")
	}
	if failed := h.failed().filter(func(o outcome) bool { return o.kind() != "504 TIMEOUT" || !during(o) }); len(failed) > 0 {
		t.Errorf("%d hasty queries failed for another reason than their deadline while the link was cut; the first: %+v", len(failed), failed[0])
	}
	// The first requests end at their deadline, before the peer counts as dead.
	first := hd.filter(func(o outcome) bool { return o.sent < cut+hasty })
	if late := first.filter(func(o outcome) bool { return o.sent+o.took >= noticedAt }); len(late) > 0 {
		t.Errorf("%d of %d hasty queries ended past their deadline of %v; the first: %+v", len(late), len(first), hasty, late[0])
	}
}

// A link that delays and loses packets is slow and nothing else.
func TestLossyLink(t *testing.T) {
	n := newNetwork(t)
	front, east, west := n.attach(t), n.attach(t), n.attach(t)
	if !east.impair(20*time.Millisecond, 1) {
		t.Log("this kernel has no netem: links that delay and lose are not shown")
		return
	}
	east.startNode(t, 10*time.Millisecond)
	west.startNode(t, 10*time.Millisecond)
	g := startGateway(t, front.Namespace, settings{
		discovery: fmt.Sprintf("dns: [%s, %s], prefix: testapp, epmd_port: %d, interval: 1s", east.address, west.address, epmdPort),
		app:       []string{longTimeout},
	})
	g.waitConnected(t, 2)
	o := g.offer(g.rate(t, 100), form(500, 5000), "/graphql", func(int) string { return operation(`{ counter pace }`) }).wait()
	t.Logf("figures: one link with 20ms delay and 1 %% loss: %v", o)
	if failed := o.failed(); len(failed) > 0 {
		t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
	}
}
