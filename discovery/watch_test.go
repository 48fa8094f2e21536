package discovery_test

import (
	"bytes"
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
	"github.com/louche-graphql/louche/internal/beamtest"
	"github.com/miekg/dns"
)

// watcher runs Watch poll by poll: its resolver holds each poll at its first
// question until the test lets it through.
type watcher struct {
	discovery.Resolver
	arrived chan struct{}
	proceed chan struct{}

	changes []discovery.Change
	log     bytes.Buffer
}

// watch starts Watch on one DNS name and holds it before its first poll.
func watch(t *testing.T, cfg discovery.Config, resolver discovery.Resolver) *watcher {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	w := &watcher{Resolver: resolver, arrived: make(chan struct{}), proceed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		discovery.New(cfg, w, slog.New(slog.NewTextHandler(&w.log, nil))).
			Watch(ctx, func(c discovery.Change) { w.changes = append(w.changes, c) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	<-w.arrived
	return w
}

func (w *watcher) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if network == "ip4" {
		select {
		case w.arrived <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case <-w.proceed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return w.Resolver.LookupNetIP(ctx, network, host)
}

// poll lets one poll run and wants these changes, written "+name address" for a
// node that is up and "-name address" for one that is down.
func (w *watcher) poll(t *testing.T, want ...string) {
	t.Helper()
	w.changes = nil
	w.proceed <- struct{}{}
	<-w.arrived
	var got []string
	if len(w.changes) > 1 {
		t.Errorf("%d changes of one poll", len(w.changes))
	}
	for _, c := range w.changes {
		for _, up := range c.Up {
			got = append(got, "+"+up.Name+" "+up.Addr.String())
		}
		for _, down := range c.Down {
			got = append(got, "-"+down.Name+" "+down.Addr.String())
		}
		if len(got) == 0 {
			t.Error("a change of nothing was delivered")
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("changes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// logged returns what was logged since it was last called.
func (w *watcher) logged() string {
	defer w.log.Reset()
	return w.log.String()
}

func TestWatchDeliversDifferences(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	zone := startDNS(t)
	zone.set("my-app.test", "127.0.0.1")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: uint16(epmd),
		Interval: time.Millisecond, Timeout: patience,
	}, zone.resolver())

	w.poll(t)
	gone := register(t, epmd, registration{name: "my-app-02", port: 40002})
	register(t, epmd, registration{name: "my-app-01", port: 40001})
	w.poll(t, "+my-app-01@127.0.0.1 127.0.0.1:40001", "+my-app-02@127.0.0.1 127.0.0.1:40002")
	w.poll(t)

	gone()
	register(t, epmd, registration{name: "my-app-02", port: 40022})
	register(t, epmd, registration{name: "my-app-03", port: 40003})
	w.poll(t,
		"+my-app-02@127.0.0.1 127.0.0.1:40022", "+my-app-03@127.0.0.1 127.0.0.1:40003",
		"-my-app-02@127.0.0.1 127.0.0.1:40002")

	zone.set("my-app.test", "::1")
	w.poll(t,
		"+my-app-01@::1 [::1]:40001", "+my-app-02@::1 [::1]:40022", "+my-app-03@::1 [::1]:40003",
		"-my-app-01@127.0.0.1 127.0.0.1:40001", "-my-app-02@127.0.0.1 127.0.0.1:40022", "-my-app-03@127.0.0.1 127.0.0.1:40003")
}

// An EPMD that is gone says nothing about the nodes it listed: they stay until it
// is back without them. The other hosts are followed meanwhile.
func TestWatchKeepsNodesOfASilentEPMD(t *testing.T) {
	first, second := beamtest.StartEPMD(t), beamtest.StartEPMD(t)
	host := startHost(t, "127.0.0.2:0", forward(t, first))
	startHost(t, fmt.Sprintf("127.0.0.3:%d", host.addr.Port()), forward(t, second))
	zone := startDNS(t)
	zone.set("my-app.test", "127.0.0.2", "127.0.0.3")
	gone := register(t, first, registration{name: "my-app-01", port: 40001})
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: host.addr.Port(),
		Interval: time.Millisecond, Timeout: patience,
	}, zone.resolver())

	w.poll(t, "+my-app-01@127.0.0.2 127.0.0.2:40001")
	if log := w.logged(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, `source="epmd 127.0.0.3:`) {
		t.Errorf("logged of the host without a node: %s", log)
	}

	host.stop()
	w.poll(t)
	if log := w.logged(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=WARN") ||
		!strings.Contains(log, `source="epmd 127.0.0.2:`) || !strings.Contains(log, "refused") {
		t.Errorf("logged when EPMD went away: %s", log)
	}
	register(t, second, registration{name: "my-app-02", port: 40002})
	w.poll(t, "+my-app-02@127.0.0.3 127.0.0.3:40002")
	if log := w.logged(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=INFO") ||
		!strings.Contains(log, `source="epmd 127.0.0.3:`) || !strings.Contains(log, "is over") {
		t.Errorf("logged when the other host got its node: %s", log)
	}
	w.poll(t)
	if log := w.logged(); log != "" {
		t.Errorf("a lasting problem was logged again: %s", log)
	}

	gone()
	host.start(t)
	w.poll(t, "-my-app-01@127.0.0.2 127.0.0.2:40001")
	if log := w.logged(); !strings.Contains(log, `problem="EPMD unreachable"`) || !strings.Contains(log, "no node with the prefix") {
		t.Errorf("logged when EPMD came back: %s", log)
	}

	// An address that DNS no longer gives is no silent source.
	host.stop()
	zone.set("my-app.test", "127.0.0.2")
	w.poll(t, "-my-app-02@127.0.0.3 127.0.0.3:40002")
}

// DNS that fails says nothing about the addresses it gave: their EPMDs are asked
// on.
func TestWatchKeepsAddressesOfFailingDNS(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	gone := register(t, epmd, registration{name: "my-app-01", port: 40001})
	const v4, v6 = "my-app-01@127.0.0.1 127.0.0.1:40001", "my-app-01@::1 [::1]:40001"
	zone := startDNS(t)
	zone.set("my-app.test", "127.0.0.1", "::1")
	w := watch(t, discovery.Config{
		DNS: []string{"my-app.test"}, Prefix: "my-app", EPMDPort: uint16(epmd),
		Interval: time.Millisecond, Timeout: patience,
	}, zone.resolver())
	w.poll(t, "+"+v4, "+"+v6)

	failing := record{code: dns.RcodeServerFailure}
	zone.answer("my-app.test", dns.TypeAAAA, failing)
	w.poll(t)
	zone.answer("my-app.test", dns.TypeA, failing)
	w.poll(t)
	zone.answer("my-app.test", dns.TypeA, record{code: dns.RcodeNameError})
	w.poll(t)
	zone.answer("my-app.test", dns.TypeAAAA, record{code: dns.RcodeNameError})
	w.poll(t)
	zone.set("my-app.test") // neither A nor AAAA
	w.poll(t)
	if log := w.logged(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `source="dns my-app.test"`) {
		t.Errorf("logged: %s", log)
	}

	zone.set("my-app.test", "127.0.0.1") // an answer, without the other family
	w.poll(t, "-"+v6)
	if log := w.logged(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "is over") {
		t.Errorf("logged: %s", log)
	}

	zone.answer("my-app.test", dns.TypeA, failing)
	gone()
	w.poll(t, "-"+v4)
	register(t, epmd, registration{name: "my-app-02", port: 40002})
	w.poll(t, "+my-app-02@127.0.0.1 127.0.0.1:40002")
}

func TestWatchKeepsStaticNodes(t *testing.T) {
	first := beamtest.StartEPMD(t)
	gone := register(t, first, registration{name: "my-app", port: 40001})
	host := startHost(t, "127.0.0.2:0", forward(t, first))
	zone := startDNS(t)
	zone.set("host.test", "127.0.0.2")
	w := watch(t, discovery.Config{
		Nodes: []string{"my-app@host.test"}, EPMDPort: host.addr.Port(),
		Interval: time.Millisecond, Timeout: patience,
	}, zone.resolver())
	w.poll(t, "+my-app@host.test 127.0.0.2:40001")

	host.stop()
	w.poll(t)
	zone.answer("host.test", dns.TypeA, record{code: dns.RcodeServerFailure})
	w.poll(t)

	gone()
	host.start(t)
	w.poll(t, "-my-app@host.test 127.0.0.2:40001")
	register(t, first, registration{name: "my-app", port: 40002})
	w.poll(t, "+my-app@host.test 127.0.0.2:40002")
}

// resolverFunc stands in for DNS where the test runs on synctest's clock, which
// real sockets stop.
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
		discovery.New(cfg, resolver, slog.New(slog.DiscardHandler)).Watch(ctx, func(discovery.Change) { delivered++ })

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
			t.Errorf("polls came %s to %s apart, which is hardly jitter", shortest, longest)
		}
		if delivered != 1 {
			t.Errorf("%d changes delivered, want the first only", delivered)
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
		cfg := discovery.Config{DNS: []string{"a.test", "b.test", "10.0.0.1"}, Prefix: "my-app", Port: 9000}
		report := look(t, cfg, hung)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s, want the timeout of 2s", took)
		}
		expectTargets(t, report, "my-app@10.0.0.1 10.0.0.1:9000")
		if len(report.Problems) != 2 {
			t.Errorf("problems: %v", report.Problems)
		}
	})
}

// The end of Watch makes look-ups fail, which is neither a change nor a problem.
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
		changes := 0
		discovery.New(cfg, resolver, slog.New(slog.NewTextHandler(&log, nil))).Watch(ctx, func(discovery.Change) { changes++ })
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Watch returned after %s, want 7s", took)
		}
		if changes != 1 || log.Len() > 0 {
			t.Errorf("%d changes, logged: %s", changes, &log)
		}
	})
}
