package discovery_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/dnstest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
	"github.com/miekg/dns"
)

// watcher runs Watch poll by poll: its resolver holds the questions for A and AAAA records,
// with which each poll begins, until the test releases them.
type watcher struct {
	discovery.Resolver
	ended   <-chan struct{} // of the context of Watch
	arrived chan struct{}
	proceed chan struct{}
	timeout time.Duration // of a question, from its release on

	reports []discovery.Report
	log     bytes.Buffer
}

// watch starts Watch for one DNS name and holds it before its first poll.
func watch(t *testing.T, cfg discovery.Config, resolver discovery.Resolver) *watcher {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, waittest.Limit)
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{Resolver: resolver, ended: ctx.Done(), arrived: make(chan struct{}), proceed: make(chan struct{}), timeout: waittest.Limit}
	done := make(chan struct{})
	go func() {
		defer close(done)
		discovery.New(cfg, w, slog.New(slog.NewTextHandler(&w.log, nil))).
			Watch(ctx, func(r discovery.Report) { w.reports = append(w.reports, r) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	w.hold()
	return w
}

func (w *watcher) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	select {
	case w.arrived <- struct{}{}:
	case <-w.ended:
		return nil, context.Canceled
	}
	select {
	case <-w.proceed:
	case <-w.ended:
		return nil, context.Canceled
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
	defer cancel()
	return w.Resolver.LookupNetIP(ctx, network, host)
}

// hold waits until the next poll begins.
func (w *watcher) hold() {
	<-w.arrived
	<-w.arrived
}

// poll runs one poll, checks the nodes of its report, each as "name address", and returns it.
func (w *watcher) poll(t *testing.T, want ...string) discovery.Report {
	t.Helper()
	w.reports = nil
	w.proceed <- struct{}{}
	w.proceed <- struct{}{}
	w.hold()
	if len(w.reports) != 1 {
		t.Fatalf("%d reports of one poll", len(w.reports))
	}
	expectNodes(t, w.reports[0], want...)
	return w.reports[0]
}

// logged returns the log since the last call.
func (w *watcher) logged() string {
	defer w.log.Reset()
	return w.log.String()
}

// expectLogged checks that each line of the log has the words of one element of want.
func (w *watcher) expectLogged(t *testing.T, want ...[]string) {
	t.Helper()
	log := w.logged()
	lines := strings.Split(strings.TrimSuffix(log, "\n"), "\n")
	if log == "" {
		lines = nil
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines logged, want %d:\n%s", len(lines), len(want), log)
		return
	}
	for i, words := range want {
		for _, word := range words {
			if !strings.Contains(lines[i], word) {
				t.Errorf("%q is not in the log line: %s", word, lines[i])
			}
		}
	}
}

func TestWatchDeliversEveryPoll(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.1")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: uint16(epmd),
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())

	w.poll(t)
	gone := register(t, epmd, registration{name: "my-app-02", port: 40002})
	register(t, epmd, registration{name: "my-app-01", port: 40001})
	w.poll(t, "my-app-01@127.0.0.1 127.0.0.1:40001", "my-app-02@127.0.0.1 127.0.0.1:40002")
	w.poll(t, "my-app-01@127.0.0.1 127.0.0.1:40001", "my-app-02@127.0.0.1 127.0.0.1:40002")

	gone() // it returns under the same name at another port
	register(t, epmd, registration{name: "my-app-02", port: 40022})
	register(t, epmd, registration{name: "my-app-03", port: 40003})
	report := w.poll(t, "my-app-01@127.0.0.1 127.0.0.1:40001", "my-app-02@127.0.0.1 127.0.0.1:40022", "my-app-03@127.0.0.1 127.0.0.1:40003")
	expectAddrs(t, report, "127.0.0.1")

	zone.Set("my-app.test", "::1")
	report = w.poll(t, "my-app-01@::1 [::1]:40001", "my-app-02@::1 [::1]:40022", "my-app-03@::1 [::1]:40003")
	expectAddrs(t, report, "::1")
}

// The nodes of a silent EPMD stay until it answers without them. The nodes of other hosts are
// updated meanwhile.
func TestWatchKeepsNodesOfASilentEPMD(t *testing.T) {
	first, second := beamtest.StartEPMD(t), beamtest.StartEPMD(t)
	host := startHost(t, "127.0.0.2:0", forward(t, first))
	startHost(t, fmt.Sprintf("127.0.0.3:%d", host.addr.Port()), forward(t, second))
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.2", "127.0.0.3")
	gone := register(t, first, registration{name: "my-app-01", port: 40001})
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: host.addr.Port(),
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	const node1, node2 = "my-app-01@127.0.0.2 127.0.0.2:40001", "my-app-02@127.0.0.3 127.0.0.3:40002"

	w.poll(t, node1)
	w.expectLogged(t, []string{"level=WARN", `source="epmd 127.0.0.3:`, "no node with the prefix"})

	host.stop()
	report := w.poll(t, node1)
	expectAddrs(t, report, "127.0.0.2", "127.0.0.3")
	w.expectLogged(t, []string{"level=WARN", `source="epmd 127.0.0.2:`, "refused", "keeping_nodes=1 for_up_to=10m0s"})
	register(t, second, registration{name: "my-app-02", port: 40002})
	w.poll(t, node1, node2)
	w.expectLogged(t, []string{"level=INFO", `source="epmd 127.0.0.3:`, "is over"})
	w.poll(t, node1, node2)
	w.expectLogged(t) // a lasting problem is not logged again

	gone()
	host.start(t)
	report = w.poll(t, node2)
	expectAddrs(t, report, "127.0.0.2", "127.0.0.3")
	w.expectLogged(t,
		[]string{"level=WARN", `source="epmd 127.0.0.2:`, "no node with the prefix"},
		[]string{"level=INFO", `source="epmd 127.0.0.2:`, `problem="EPMD unreachable"`})

	// An address without a record is not a silent source.
	host.stop()
	zone.Set("my-app.test", "127.0.0.2")
	report = w.poll(t)
	expectAddrs(t, report, "127.0.0.2")
}

// While DNS fails, the EPMDs at its last addresses are asked.
func TestWatchKeepsAddressesOfFailingDNS(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	gone := register(t, epmd, registration{name: "my-app-01", port: 40001})
	const v4, v6 = "my-app-01@127.0.0.1 127.0.0.1:40001", "my-app-01@::1 [::1]:40001"
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.1", "::1")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: uint16(epmd),
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	w.poll(t, v4, v6)

	failing := dnstest.Record{Code: dns.RcodeServerFailure}
	zone.SetRecord("my-app.test", dns.TypeAAAA, failing)
	expectAddrs(t, w.poll(t, v4, v6), "127.0.0.1", "::1")
	w.expectLogged(t, []string{"level=WARN", `source="dns my-app.test"`, "keeping_addresses=1"})
	for _, answers := range [][2]dnstest.Record{
		{failing, failing},
		{{Code: dns.RcodeNameError}, failing},
		{{Code: dns.RcodeNameError}, {Code: dns.RcodeNameError}},
		{{}, {}},
	} {
		zone.SetRecord("my-app.test", dns.TypeA, answers[0])
		zone.SetRecord("my-app.test", dns.TypeAAAA, answers[1])
		expectAddrs(t, w.poll(t, v4, v6), "127.0.0.1", "::1")
	}
	w.expectLogged(t)

	zone.Set("my-app.test", "127.0.0.1") // the other family has no records
	expectAddrs(t, w.poll(t, v4), "127.0.0.1")
	w.expectLogged(t, []string{"level=INFO", `source="dns my-app.test"`, "is over"})

	zone.SetRecord("my-app.test", dns.TypeA, failing)
	gone()
	expectAddrs(t, w.poll(t), "127.0.0.1")
	register(t, epmd, registration{name: "my-app-02", port: 40002})
	w.poll(t, "my-app-02@127.0.0.1 127.0.0.1:40002")
}

func TestWatchKeepsStaticNodes(t *testing.T) {
	first := beamtest.StartEPMD(t)
	gone := register(t, first, registration{name: "my-app", port: 40001})
	host := startHost(t, "127.0.0.2:0", forward(t, first))
	zone := dnstest.Start(t)
	zone.Set("host.test", "127.0.0.2", "127.0.0.3") // no EPMD at 127.0.0.3
	w := watch(t, discovery.Config{
		Nodes: []string{"my-app@host.test"}, EPMDPort: host.addr.Port(),
		Interval: time.Millisecond, Timeout: waittest.Limit,
	}, zone.Resolver())
	const node = "my-app@host.test 127.0.0.2:40001"
	w.poll(t, node)
	w.expectLogged(t)

	host.stop()
	w.poll(t, node)
	w.expectLogged(t, []string{"level=WARN", `source="node my-app@host.test"`, "keeping_nodes=1 for_up_to=10m0s"})
	zone.SetRecord("host.test", dns.TypeA, dnstest.Record{Code: dns.RcodeServerFailure})
	expectAddrs(t, w.poll(t, node), "127.0.0.2", "127.0.0.3")

	// The EPMD that listed the node answers without it. The other one, which never listed
	// it, is silent and keeps nothing.
	gone()
	host.start(t)
	expectAddrs(t, w.poll(t), "127.0.0.2", "127.0.0.3")
	register(t, first, registration{name: "my-app", port: 40002})
	w.poll(t, "my-app@host.test 127.0.0.2:40002")

	// The host moved: the node is not kept at its former address.
	host.stop()
	zone.Set("host.test", "127.0.0.3")
	expectAddrs(t, w.poll(t), "127.0.0.3")
}

// No failure of DNS changes the nodes. The next answer counts at once.
func TestWatchThroughFailuresOfDNS(t *testing.T) {
	for name, r := range map[string]dnstest.Record{
		"no address": {},
		"NXDOMAIN":   {Code: dns.RcodeNameError},
		"SERVFAIL":   {Code: dns.RcodeServerFailure},
		"REFUSED":    {Code: dns.RcodeRefused},
		"truncated":  {Truncated: true, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}},
		"no answer":  {Silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			zone := dnstest.Start(t)
			w := watch(t, discovery.Config{
				DNS: []string{"my-app.test"}, Prefix: "my-app", Port: 9000,
				Interval: time.Millisecond,
			}, zone.Resolver())
			w.poll(t)
			w.expectLogged(t, []string{"level=WARN", `source="dns my-app.test"`})

			const one, two = "my-app@10.0.0.1 10.0.0.1:9000", "my-app@fdaa:0:1::2 [fdaa:0:1::2]:9000"
			zone.Set("my-app.test", "10.0.0.1", "fdaa:0:1::2")
			w.poll(t, one, two)
			w.expectLogged(t, []string{"level=INFO", "is over"})
			for range 2 { // fails and recovers
				zone.SetRecord("my-app.test", dns.TypeA, r)
				r.Addrs = nil
				zone.SetRecord("my-app.test", dns.TypeAAAA, r)
				if r.Silent || r.Truncated {
					w.timeout = 100 * time.Millisecond
				}
				for range 2 {
					expectAddrs(t, w.poll(t, one, two), "10.0.0.1", "fdaa:0:1::2")
				}
				w.timeout = waittest.Limit
				w.expectLogged(t, []string{"level=WARN", `source="dns my-app.test"`, "keeping_addresses=2 for_up_to=10m0s"})
				zone.Set("my-app.test", "10.0.0.1", "fdaa:0:1::2")
				w.poll(t, one, two)
				w.expectLogged(t, []string{"level=INFO", "is over"})
			}

			zone.Set("my-app.test", "10.0.0.3")
			expectAddrs(t, w.poll(t, "my-app@10.0.0.3 10.0.0.3:9000"), "10.0.0.3")
		})
	}
}

// Each answer counts, even if DNS servers disagree.
func TestWatchThroughAddressesThatFlap(t *testing.T) {
	zone := dnstest.Start(t)
	w := watch(t, discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", Port: 9000, Interval: time.Millisecond}, zone.Resolver())
	for range 3 {
		zone.Set("my-app.test", "10.0.0.1", "10.0.0.2")
		expectAddrs(t, w.poll(t, "my-app@10.0.0.1 10.0.0.1:9000", "my-app@10.0.0.2 10.0.0.2:9000"), "10.0.0.1", "10.0.0.2")
		zone.Set("my-app.test", "10.0.0.2", "10.0.0.3")
		expectAddrs(t, w.poll(t, "my-app@10.0.0.2 10.0.0.2:9000", "my-app@10.0.0.3 10.0.0.3:9000"), "10.0.0.2", "10.0.0.3")
	}
	w.expectLogged(t)
}

// resolverFunc replaces DNS in tests with synctest's clock, which real sockets stop.
type resolverFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

func (f resolverFunc) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return f(ctx, network, host)
}

func TestWatchPollsAtOnceAndThenWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const polls = 200
		var at []time.Time
		ctx, cancel := context.WithCancel(t.Context())
		resolver := resolverFunc(func(_ context.Context, network, _ string) ([]netip.Addr, error) {
			if network == "ip6" {
				return nil, &net.DNSError{IsNotFound: true}
			}
			at = append(at, time.Now())
			if len(at) == polls {
				cancel()
			}
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		})
		start := time.Now()
		cfg := discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", Port: 9000, Interval: 10 * time.Second}
		delivered := 0
		discovery.New(cfg, resolver, slog.New(slog.DiscardHandler)).Watch(ctx, func(discovery.Report) { delivered++ })

		if len(at) != polls || !at[0].Equal(start) {
			t.Fatalf("%d polls, the first after %s; want it at once", len(at), at[0].Sub(start))
		}
		shortest, longest := time.Hour, time.Duration(0)
		for i := 1; i < polls; i++ {
			gap := at[i].Sub(at[i-1])
			shortest, longest = min(shortest, gap), max(longest, gap)
		}
		if shortest < 9*time.Second || longest > 11*time.Second {
			t.Errorf("polls came %s to %s apart; want 9s to 11s", shortest, longest)
		}
		if shortest > 9500*time.Millisecond || longest < 10500*time.Millisecond {
			t.Errorf("polls came %s to %s apart, almost without jitter", shortest, longest)
		}
		if delivered != polls-1 {
			t.Errorf("%d reports delivered, want one of each poll but the cancelled last one", delivered)
		}
	})
}

func TestHungDNSTakesOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := resolverFunc(func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		start := time.Now()
		cfg := discovery.Config{DNS: []string{"a.test", "b.test", "10.0.0.1"}, Prefix: "my-app", Port: 9000, Timeout: 2 * time.Second}
		report := pollOnce(t, cfg, hung)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s, want the timeout of 2s", took)
		}
		expectNodes(t, report, "my-app@10.0.0.1 10.0.0.1:9000")
		if len(report.Problems) != 2 {
			t.Errorf("problems: %v", report.Problems)
		}
	})
}

// The failures of look-ups at the end of Watch are neither reported nor logged.
func TestWatchEndsQuietly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		resolver := resolverFunc(func(ctx context.Context, network, _ string) ([]netip.Addr, error) {
			if time.Now().Equal(start) {
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		// The second poll begins after 4.5s to 5.5s and would take 10s.
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		var log bytes.Buffer
		cfg := discovery.Config{DNS: []string{"my-app.test"}, Prefix: "my-app", Port: 9000, Timeout: 10 * time.Second}
		reports := 0
		discovery.New(cfg, resolver, slog.New(slog.NewTextHandler(&log, nil))).Watch(ctx, func(discovery.Report) { reports++ })
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Watch returned after %s, want 7s", took)
		}
		if reports != 1 || log.Len() > 0 {
			t.Errorf("%d reports, logged: %s", reports, &log)
		}
	})
}
