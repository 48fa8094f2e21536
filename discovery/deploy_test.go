package discovery_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/dnstest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A headless service of Kubernetes has an A record for each pod, and each pod one node and one
// EPMD. A pod's record ends with the pod.
func TestHeadlessService(t *testing.T) {
	pods := loopback(50)
	port := startHost(t, "0.0.0.0:0", saying(namesOf("my-app"))).addr.Port()
	zone := dnstest.Start(t)
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.default.svc.cluster.local."}, Prefix: "my-app", EPMDPort: port,
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	nodes := func(pods []string) []string {
		var all []string
		for _, pod := range pods {
			all = append(all, fmt.Sprintf("my-app@%s %s:40001", pod, pod))
		}
		slices.Sort(all)
		return all
	}
	ordered := func(pods []string) []string {
		pods = slices.Clone(pods)
		slices.SortFunc(pods, func(a, b string) int { return slices.Compare(net.ParseIP(a), net.ParseIP(b)) })
		return pods
	}

	for _, ready := range [][]string{pods[:1], pods, pods[3:], pods[10:40], pods} {
		zone.Set("my-app.default.svc.cluster.local", ready...)
		expectAddrs(t, w.poll(t, nodes(ready)...), ordered(ready)...)
	}
}

// The .internal names of Fly.io have AAAA records only. Node names contain the hash of the
// image.
func TestFlyInternal(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	zone := dnstest.Start(t)
	zone.Set("my-app.internal", "::1")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.internal"}, Prefix: "my-app", EPMDPort: uint16(epmd),
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	register(t, epmd, registration{name: "my-app-01HXYZABC", port: 40001})
	expectAddrs(t, w.poll(t, "my-app-01HXYZABC@::1 [::1]:40001"), "::1")
	zone.Set("my-app.internal") // the last machine stopped: no record is treated like a failure of DNS
	expectAddrs(t, w.poll(t, "my-app-01HXYZABC@::1 [::1]:40001"), "::1")
}

// The nodes of a deploy have new names. They start beside the old ones at the same address,
// or at new addresses.
func TestRollingDeploy(t *testing.T) {
	first, second, third := beamtest.StartEPMD(t), beamtest.StartEPMD(t), beamtest.StartEPMD(t)
	port := startHost(t, "127.0.0.2:0", forward(t, first)).addr.Port()
	old2 := startHost(t, fmt.Sprintf("127.0.0.3:%d", port), forward(t, second))
	startHost(t, fmt.Sprintf("127.0.0.4:%d", port), forward(t, third))
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.2", "127.0.0.3")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: port,
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	const (
		a1 = "my-app-aaa@127.0.0.2 127.0.0.2:40001"
		a2 = "my-app-aaa@127.0.0.3 127.0.0.3:40001"
		b1 = "my-app-bbb@127.0.0.2 127.0.0.2:40002"
		b3 = "my-app-bbb@127.0.0.4 127.0.0.4:40001"
	)
	stop1 := register(t, first, registration{name: "my-app-aaa", port: 40001})
	register(t, second, registration{name: "my-app-aaa", port: 40001})
	w.poll(t, a1, a2)

	// On the first host the new node starts, then the old one stops.
	register(t, first, registration{name: "my-app-bbb", port: 40002})
	w.poll(t, a1, a2, b1)
	stop1()
	expectAddrs(t, w.poll(t, a2, b1), "127.0.0.2", "127.0.0.3")

	// A machine at a new address replaces the second. The old machine is gone before its
	// record; its node is dropped with the record.
	register(t, third, registration{name: "my-app-bbb", port: 40001})
	zone.Set("my-app.test", "127.0.0.2", "127.0.0.3", "127.0.0.4")
	w.poll(t, a2, b1, b3)
	old2.stop()
	expectAddrs(t, w.poll(t, a2, b1, b3), "127.0.0.2", "127.0.0.3", "127.0.0.4")
	zone.Set("my-app.test", "127.0.0.2", "127.0.0.4")
	expectAddrs(t, w.poll(t, b1, b3), "127.0.0.2", "127.0.0.4")
}

func TestAThousandNamesInOneEPMD(t *testing.T) {
	long := strings.Repeat("x", 255-len("my-app-0000-"))
	var names, want []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("my-app-%04d-%s", i, long))
		want = append(want, fmt.Sprintf("%s@127.0.0.2 127.0.0.2:%d", names[i], 40001+i))
	}
	host := startHost(t, "127.0.0.2:0", saying(namesOf(names...)))
	report := pollOnce(t, discovery.Config{DNS: []string{"127.0.0.2"}, Prefix: "my-app", MaxNodes: 1000, EPMDPort: host.addr.Port(), Timeout: waittest.Limit}, nil)
	expectNodes(t, report, want...)

	// A real EPMD, which holds a connection for each node.
	epmd := beamtest.StartEPMD(t)
	for i := range 1000 {
		register(t, epmd, registration{name: fmt.Sprintf("my-app-%04d", i), port: uint16(40001 + i)})
	}
	report = pollOnce(t, discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "my-app", MaxNodes: 1000, EPMDPort: uint16(epmd), Timeout: waittest.Limit}, nil)
	if len(report.Nodes) != 1000 || len(report.Problems) > 0 {
		t.Errorf("%d nodes, problems: %v", len(report.Nodes), report.Problems)
	}
}

// Half of a thousand addresses accept the connection and never answer. With 512 concurrent
// requests they take one or two timeouts together.
func TestAThousandAddressesHalfOfThemMute(t *testing.T) {
	addrs := loopback(1000)
	var mutes atomic.Bool
	muted := func(addr string) bool { return mutes.Load() && slices.Index(addrs, addr)%2 == 1 }
	port := startHost(t, "0.0.0.0:0", func(conn net.Conn) {
		if muted(conn.LocalAddr().(*net.TCPAddr).IP.String()) {
			mute(conn)
			return
		}
		saying(namesOf("my-app"))(conn)
	}).addr.Port()
	zone := dnstest.Start(t)
	zone.Set("my-app.test", addrs...)

	cfg := discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", MaxNodes: 1000, EPMDPort: port, Timeout: waittest.Limit}
	start := time.Now()
	pollOnce(t, cfg, zone.Resolver())
	answered := time.Since(start)

	mutes.Store(true)
	var report discovery.Report
	var took time.Duration
	cfg.Timeout = max(time.Second, 5*answered)
	for range 3 { // twice the time, until it is enough for those that answer
		start = time.Now()
		report = pollOnce(t, cfg, zone.Resolver())
		if took = time.Since(start); len(report.Nodes) == 500 && took <= 4*cfg.Timeout {
			break
		}
		cfg.Timeout *= 2
	}
	if took > 4*cfg.Timeout {
		t.Errorf("took %s with a timeout of %s", took, cfg.Timeout)
	}
	if len(report.Nodes) != 500 || len(report.Addrs) != 1000 || len(report.Problems) != 500 {
		t.Errorf("%d nodes, %d addresses, %d problems", len(report.Nodes), len(report.Addrs), len(report.Problems))
	}
}
