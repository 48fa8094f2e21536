package discovery_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/discovery"
)

// The tests of this file use synctest's clock. EPMDs have real sockets outside of the bubble:
// the clock waits during requests.

// answers is a resolver whose answers the test can change.
type answers struct {
	byFamily map[string]func() ([]netip.Addr, error)
}

func (a answers) LookupNetIP(_ context.Context, network, _ string) ([]netip.Addr, error) {
	return a.byFamily[network]()
}

func gives(addrs ...string) func() ([]netip.Addr, error) {
	var all []netip.Addr
	for _, addr := range addrs {
		all = append(all, netip.MustParseAddr(addr))
	}
	return func() ([]netip.Addr, error) { return all, nil }
}

func fails() ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
}

func absent() ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
}

// watched runs Watch for a time and returns its last report.
func watched(t *testing.T, d *discovery.Discovery, during time.Duration) (last discovery.Report) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	d.Watch(ctx, func(r discovery.Report) { last = r })
	return last
}

// Without EPMD, each family of a host is a separate source.
func TestKeepOfSilentDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const v4, v6 = "my-app@10.0.0.1 10.0.0.1:9000", "my-app@fdaa:0:1::2 [fdaa:0:1::2]:9000"
		resolver := answers{map[string]func() ([]netip.Addr, error){"ip4": gives("10.0.0.1"), "ip6": gives("fdaa:0:1::2")}}
		var log bytes.Buffer
		d := discovery.New(discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", Port: 9000},
			resolver, slog.New(slog.NewTextHandler(&log, nil)))
		expectNodes(t, watched(t, d, time.Second), v4, v6)

		resolver.byFamily["ip6"] = fails
		report := watched(t, d, 9*time.Minute)
		expectNodes(t, report, v4, v6)
		if !strings.Contains(log.String(), "keeping_addresses=1 for_up_to=10m0s") {
			t.Errorf("logged: %s", &log)
		}
		log.Reset()
		report = watched(t, d, 2*time.Minute)
		expectNodes(t, report, v4)
		expectAddrs(t, report, "10.0.0.1", "fdaa:0:1::2")
		if l := log.String(); strings.Count(l, "\n") != 1 || !strings.Contains(l, "dropped after keep") || !strings.Contains(l, `source="dns my-app.test"`) {
			t.Errorf("logged: %s", l)
		}

		resolver.byFamily["ip4"] = absent // of both families: treated as a failure
		resolver.byFamily["ip6"] = absent
		expectNodes(t, watched(t, d, 9*time.Minute), v4)
		report = watched(t, d, 24*time.Hour)
		expectNodes(t, report)
		expectAddrs(t, report, "10.0.0.1", "fdaa:0:1::2")

		resolver.byFamily["ip4"] = gives("10.0.0.3")
		report = watched(t, d, 6*time.Second)
		expectNodes(t, report, "my-app@10.0.0.3 10.0.0.3:9000")
		expectAddrs(t, report, "10.0.0.3")
	})
}

func TestKeepOfSilentDNSOfAStaticNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resolver := answers{map[string]func() ([]netip.Addr, error){"ip4": gives("10.0.0.1"), "ip6": absent}}
		d := discovery.New(discovery.Config{Nodes: []string{"a@host.test", "b@10.0.0.2"}, Port: 9000},
			resolver, slog.New(slog.DiscardHandler))
		const a, b = "a@host.test 10.0.0.1:9000", "b@10.0.0.2 10.0.0.2:9000"
		expectNodes(t, watched(t, d, time.Second), a, b)
		resolver.byFamily["ip4"] = fails
		expectNodes(t, watched(t, d, 9*time.Minute), a, b)
		report := watched(t, d, 2*time.Minute)
		expectNodes(t, report, b)
		expectAddrs(t, report, "10.0.0.1", "10.0.0.2")
	})
}

// unless answers every request with the same bytes, or not at all while silent is set.
func unless(silent *atomic.Bool, answer string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		if !silent.Load() {
			io.WriteString(conn, answer)
		}
	}
}

func TestKeepOfASilentEPMD(t *testing.T) {
	var silent atomic.Bool
	port := startHost(t, "127.0.0.2:0", unless(&silent, namesOf("my-app-01", "my-app-02"))).addr.Port()
	synctest.Test(t, func(t *testing.T) {
		const node1, node2 = "my-app-01@127.0.0.2 127.0.0.2:40001", "my-app-02@127.0.0.2 127.0.0.2:40002"
		var log bytes.Buffer
		d := discovery.New(discovery.Config{DNS: []string{"127.0.0.2"}, Prefix: "my-app", EPMDPort: port, Keep: time.Minute},
			nil, slog.New(slog.NewTextHandler(&log, nil)))
		expectNodes(t, watched(t, d, time.Second), node1, node2)

		silent.Store(true)
		expectNodes(t, watched(t, d, 50*time.Second), node1, node2)
		if l := log.String(); strings.Count(l, "\n") != 1 || !strings.Contains(l, "keeping_nodes=2 for_up_to=1m0s") {
			t.Errorf("logged: %s", l)
		}
		log.Reset()
		report := watched(t, d, 20*time.Second)
		expectNodes(t, report)
		expectAddrs(t, report, "127.0.0.2")
		if l := log.String(); strings.Count(l, "\n") != 1 || !strings.Contains(l, "dropped after keep") {
			t.Errorf("logged: %s", l)
		}

		log.Reset()
		silent.Store(false)
		expectNodes(t, watched(t, d, 6*time.Second), node1, node2)
		if l := log.String(); strings.Count(l, "\n") != 1 || !strings.Contains(l, "is over") {
			t.Errorf("logged: %s", l)
		}
		silent.Store(true) // Keep starts anew
		expectNodes(t, watched(t, d, 50*time.Second), node1, node2)
	})
}

func TestKeepOfAStaticNode(t *testing.T) {
	var silent atomic.Bool
	const answer = "\x77\x00\x9c\x41\x4d\x00\x00\x06\x00\x05\x00\x06my-app\x00\x00"
	port := startHost(t, "127.0.0.2:0", unless(&silent, answer)).addr.Port()
	synctest.Test(t, func(t *testing.T) {
		d := discovery.New(discovery.Config{Nodes: []string{"my-app@127.0.0.2"}, EPMDPort: port}, nil, slog.New(slog.DiscardHandler))
		expectNodes(t, watched(t, d, time.Second), "my-app@127.0.0.2 127.0.0.2:40001")
		silent.Store(true)
		expectNodes(t, watched(t, d, 9*time.Minute), "my-app@127.0.0.2 127.0.0.2:40001")
		report := watched(t, d, 2*time.Minute)
		expectNodes(t, report)
		expectAddrs(t, report, "127.0.0.2")
	})
}

// While DNS is silent, the EPMDs at the last known addresses are asked without a time limit.
func TestEPMDsAreHeardWhileDNSIsSilent(t *testing.T) {
	host := startHost(t, "127.0.0.2:0", saying(namesOf("my-app-01")))
	synctest.Test(t, func(t *testing.T) {
		resolver := answers{map[string]func() ([]netip.Addr, error){"ip4": gives("127.0.0.2"), "ip6": absent}}
		d := discovery.New(discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: host.addr.Port(), Interval: time.Minute},
			resolver, slog.New(slog.DiscardHandler))
		const node = "my-app-01@127.0.0.2 127.0.0.2:40001"
		expectNodes(t, watched(t, d, time.Second), node)
		resolver.byFamily["ip4"] = fails
		report := watched(t, d, 24*time.Hour)
		expectNodes(t, report, node)
		expectAddrs(t, report, "127.0.0.2")

		host.stop()
		expectNodes(t, watched(t, d, 9*time.Minute), node)
		report = watched(t, d, 2*time.Minute)
		expectNodes(t, report)
		expectAddrs(t, report, "127.0.0.2")
	})
}

func TestInherit(t *testing.T) {
	var silent atomic.Bool
	port := startHost(t, "127.0.0.2:0", unless(&silent, namesOf("my-app-01"))).addr.Port()
	synctest.Test(t, func(t *testing.T) {
		resolver := answers{map[string]func() ([]netip.Addr, error){"ip4": gives("127.0.0.2"), "ip6": absent}}
		cfg := discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: port}
		log := slog.New(slog.DiscardHandler)
		from := discovery.New(cfg, resolver, log)
		const node = "my-app-01@127.0.0.2 127.0.0.2:40001"
		expectNodes(t, watched(t, from, time.Second), node)
		resolver.byFamily["ip4"] = fails
		silent.Store(true)

		resumed := func(cfg discovery.Config) *discovery.Discovery {
			d := discovery.New(cfg, resolver, log)
			d.Inherit(from)
			return d
		}
		fresh := watched(t, discovery.New(cfg, resolver, log), time.Second)
		expectNodes(t, fresh)
		expectAddrs(t, fresh)

		other := cfg
		other.Prefix = "my-app-0" // its nodes are unknown before the first answer
		report := watched(t, resumed(other), time.Second)
		expectNodes(t, report)
		expectAddrs(t, report, "127.0.0.2")

		other = cfg
		other.DNS = []string{"elsewhere.test"}
		report = watched(t, resumed(other), time.Second)
		expectNodes(t, report)
		expectAddrs(t, report)

		other = cfg
		other.DNS = []string{"elsewhere.test", "my-app.test"}
		other.Interval = time.Second
		d := resumed(other)
		report = watched(t, d, 9*time.Minute)
		expectNodes(t, report, node)
		expectAddrs(t, report, "127.0.0.2")
		d2 := discovery.New(other, resolver, log)
		d2.Inherit(d) // Keep counts from the last answer, not from the last reload
		expectNodes(t, watched(t, d2, 2*time.Minute))
	})
}
