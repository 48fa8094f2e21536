package discovery_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/dnstest"
	"github.com/louche-graphql/louche/internal/waittest"
)

// hostNames answers NAMES_REQ with the names of each address.
func hostNames(t *testing.T, names func(addr string) []string) *host {
	return startHost(t, "0.0.0.0:0", func(conn net.Conn) {
		readRequest(conn)
		addr, _, _ := net.SplitHostPort(conn.LocalAddr().String())
		io.WriteString(conn, namesOf(names(addr)...))
	})
}

func numbered(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%05d", prefix, i))
	}
	return names
}

func count(report discovery.Report, part string) (n int) {
	for _, t := range report.Nodes {
		if strings.Contains(t.Name, part) {
			n++
		}
	}
	return n
}

// An EPMD with thousands of nodes gets the share that the others leave, up to max_nodes.
func TestAnEPMDThatListsThousands(t *testing.T) {
	hosts := hostNames(t, func(addr string) []string {
		if addr == "127.0.0.2" {
			return numbered("my-app-bad", 9000)
		}
		return numbered("my-app-good", 3)
	})
	cfg := discovery.Config{DNS: []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"}, Prefix: "my-app", EPMDPort: hosts.addr.Port(), Timeout: waittest.Limit}
	report := pollOnce(t, cfg, nil)
	if good, bad := count(report, "good"), count(report, "bad"); good != 6 || bad != 250 {
		t.Errorf("%d and %d nodes, want 6 and 250", good, bad)
	}
	err := expectProblem(t, report, "all nodes", discovery.ErrTooMany)
	if !strings.Contains(err.Error(), "256 of 9006 are used; epmd 127.0.0.2:") || !strings.Contains(err.Error(), " names 9000") {
		t.Error(err)
	}
	cfg.MaxNodes = 10_000
	if report := pollOnce(t, cfg, nil); len(report.Nodes) != 9006 || len(report.Problems) > 0 {
		t.Errorf("%d nodes, %v", len(report.Nodes), report.Problems)
	}
}

// Reported nodes stay while they are listed, whatever else is listed. The problem is logged
// once.
func TestTooManyNodesAreAStableChoice(t *testing.T) {
	var polls atomic.Int32
	hosts := hostNames(t, func(string) []string {
		names := numbered("my-app-m", 3)
		if polls.Add(1) > 1 { // names before and after the first ones
			names = append(append(numbered("my-app-a", 5), names...), numbered("my-app-z", 5)...)
		}
		return names
	})
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.2")
	w := watch(t, discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: hosts.addr.Port(), Timeout: waittest.Limit, MaxNodes: 4, Interval: time.Millisecond}, zone.Resolver())
	w.poll(t, "my-app-m-00000@127.0.0.2 127.0.0.2:40001", "my-app-m-00001@127.0.0.2 127.0.0.2:40002", "my-app-m-00002@127.0.0.2 127.0.0.2:40003")
	w.expectLogged(t)
	for i := range 3 {
		w.poll(t, "my-app-a-00000@127.0.0.2 127.0.0.2:40001", "my-app-m-00000@127.0.0.2 127.0.0.2:40006", "my-app-m-00001@127.0.0.2 127.0.0.2:40007", "my-app-m-00002@127.0.0.2 127.0.0.2:40008")
		if i == 0 {
			w.expectLogged(t, []string{"more than max_nodes", "4 of 13 are used", "source=\"all nodes\""})
		} else {
			w.expectLogged(t)
		}
	}
}

// One port with many names gives one node.
func TestOnePortUnderManyNames(t *testing.T) {
	var names strings.Builder
	for i := range 300 {
		fmt.Fprintf(&names, "name my-app-%03d at port 40001\n", i)
	}
	host := startHost(t, "127.0.0.2:0", saying("\x00\x00\x11\x11"+names.String()))
	report := pollOnce(t, discovery.Config{DNS: []string{"127.0.0.2"}, Prefix: "my-app", EPMDPort: host.addr.Port(), Timeout: waittest.Limit}, nil)
	expectNodes(t, report, "my-app-000@127.0.0.2 127.0.0.2:40001")
	if len(report.Problems) > 0 {
		t.Error(report.Problems)
	}
}

// max_nodes addresses of a name are asked.
func TestDNSWithThousandsOfAddresses(t *testing.T) {
	var asked atomic.Int32
	hosts := hostNames(t, func(string) []string { asked.Add(1); return []string{"my-app"} })
	zone := dnstest.Start(t)
	zone.Set("my-app.test", loopback(2000)...)
	cfg := discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: hosts.addr.Port(), Timeout: waittest.Limit}
	report := pollOnce(t, cfg, zone.Resolver())
	if len(report.Nodes) != 256 || len(report.Addrs) != 256 || asked.Load() != 256 {
		t.Errorf("%d nodes, %d addresses, %d asked", len(report.Nodes), len(report.Addrs), asked.Load())
	}
	expectProblem(t, report, "dns my-app.test", discovery.ErrTooMany)
	cfg.EPMDPort, cfg.Port = 0, 9000
	if report := pollOnce(t, cfg, zone.Resolver()); len(report.Nodes) != 256 {
		t.Errorf("%d nodes without EPMD", len(report.Nodes))
	}
}
