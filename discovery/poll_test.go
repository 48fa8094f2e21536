package discovery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/dnstest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
	"github.com/miekg/dns"
)

// pollOnce polls. Answers have any time, unless cfg has a timeout.
func pollOnce(t *testing.T, cfg discovery.Config, resolver discovery.Resolver) discovery.Report {
	t.Helper()
	cfg.Timeout = cmp.Or(cfg.Timeout, waittest.Limit)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return discovery.New(cfg, resolver, slog.New(slog.DiscardHandler)).Poll(t.Context())
}

// show formats nodes as "name address", one a line.
func show(nodes []discovery.Node) string {
	var lines []string
	for _, target := range nodes {
		lines = append(lines, target.Name+" "+target.Addr.String())
	}
	return strings.Join(lines, "\n")
}

func expectNodes(t *testing.T, report discovery.Report, want ...string) {
	t.Helper()
	if got := show(report.Nodes); got != strings.Join(want, "\n") {
		t.Errorf("nodes:\n%s\nwant:\n%s\nproblems: %v", got, strings.Join(want, "\n"), report.Problems)
	}
}

// expectAddrs checks the addresses of a report.
func expectAddrs(t *testing.T, report discovery.Report, want ...string) {
	t.Helper()
	var got []string
	for _, addr := range report.Addrs {
		got = append(got, addr.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("addresses: %v, want %v", got, want)
	}
}

// expectProblem checks that a report has exactly one problem and returns its error.
func expectProblem(t *testing.T, report discovery.Report, source string, kind error) error {
	t.Helper()
	if len(report.Problems) != 1 || report.Problems[0].Source != source || !errors.Is(report.Problems[0].Err, kind) {
		t.Fatalf("problems: %v; want one of %q: %v", report.Problems, source, kind)
	}
	return report.Problems[0].Err
}

func TestDNSNamesOfEveryAddress(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	register(t, epmd, registration{name: "my-app-01ABC", port: 40001})
	register(t, epmd, registration{name: "my-app-02DEF", port: 40002, hidden: true})
	register(t, epmd, registration{name: "worker-my-app", port: 40003})
	zone := dnstest.Start(t)
	zone.Set("my-app.test", "127.0.0.1", "::1")
	zone.Set("other.test", "127.0.0.1", "::ffff:127.0.0.1") // found before

	report := pollOnce(t, discovery.Config{
		DNS:      []string{"my-app.test", "other.test", "::ffff:127.0.0.1", "127.0.0.1", "my-app.test"},
		Prefix:   "my-app",
		EPMDPort: uint16(epmd),
	}, zone.Resolver())
	expectNodes(t, report,
		"my-app-01ABC@127.0.0.1 127.0.0.1:40001",
		"my-app-01ABC@::1 [::1]:40001",
		"my-app-02DEF@127.0.0.1 127.0.0.1:40002",
		"my-app-02DEF@::1 [::1]:40002",
	)
	expectAddrs(t, report, "127.0.0.1", "::1")
	if len(report.Problems) > 0 {
		t.Errorf("problems: %v", report.Problems)
	}
}

// Invalid entries, which EPMD accepts from any process, do not hide the other nodes.
func TestStrangeRegistrations(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	for i, name := range []string{"my-app@evil", "my-app evil", "my-app\tevil", "my-app-ö"} {
		register(t, epmd, registration{name: name, port: uint16(50000 + i)})
	}
	register(t, epmd, registration{name: "my-app-zero", port: 0})
	register(t, epmd, registration{name: "my-app-01", port: 40001})

	expectNodes(t, pollOnce(t, discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "my-app", EPMDPort: uint16(epmd)}, nil),
		"my-app-01@127.0.0.1 127.0.0.1:40001")
}

func TestNoNodeWithThePrefix(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	cfg := discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "my-app", EPMDPort: uint16(epmd)}
	source := fmt.Sprintf("epmd 127.0.0.1:%d", epmd)

	err := expectProblem(t, pollOnce(t, cfg, nil), source, discovery.ErrNoMatch)
	if want := `no node with the prefix "my-app": EPMD lists no nodes`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	register(t, epmd, registration{name: "myapp-01", port: 40001})
	err = expectProblem(t, pollOnce(t, cfg, nil), source, discovery.ErrNoMatch)
	if want := `EPMD lists "myapp-01" at port 40001`; !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestHostsThatDoNotAnswer(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	register(t, epmd, registration{name: "my-app-01", port: 40001})
	muted := startHost(t, "127.0.0.2:0", mute)
	port := muted.addr.Port()
	startHost(t, fmt.Sprintf("127.0.0.3:%d", port), forward(t, epmd))
	refusing := startHost(t, fmt.Sprintf("127.0.0.4:%d", port), mute)
	refusing.stop()

	// Twice the time, until it is enough for the host that answers.
	cfg := discovery.Config{DNS: []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "::ffff:127.0.0.2"}, Prefix: "my-app", EPMDPort: port, Timeout: 250 * time.Millisecond}
	report := pollOnce(t, cfg, nil)
	for len(report.Problems) > 2 && cfg.Timeout < time.Minute {
		cfg.Timeout *= 2
		report = pollOnce(t, cfg, nil)
	}
	expectNodes(t, report, "my-app-01@127.0.0.3 127.0.0.3:40001")
	expectAddrs(t, report, "127.0.0.2", "127.0.0.3", "127.0.0.4")
	if len(report.Problems) != 2 {
		t.Fatalf("problems: %v", report.Problems)
	}
	silent, refused := report.Problems[0], report.Problems[1]
	if silent.Source != "epmd "+muted.addr.String() || !errors.Is(silent.Err, discovery.ErrUnreachable) ||
		!errors.Is(silent.Err, context.DeadlineExceeded) || !strings.Contains(silent.Err.Error(), "within "+cfg.Timeout.String()) {
		t.Errorf("mute host: %v", silent)
	}
	if refused.Source != "epmd "+refusing.addr.String() || !errors.Is(refused.Err, discovery.ErrUnreachable) ||
		!errors.Is(refused.Err, syscall.ECONNREFUSED) || !strings.Contains(refused.Err.Error(), "set discovery.port") {
		t.Errorf("host without EPMD: %v", refused)
	}
}

func TestHostileEPMD(t *testing.T) {
	endless := func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, strings.Repeat("name my-app at port 1\n", 100)); err != nil {
				return
			}
		}
	}
	for name, test := range map[string]struct {
		answer func(net.Conn)
		want   error
		says   string
	}{
		"nothing":         {saying(""), discovery.ErrMalformed, "is it an EPMD?"},
		"another service": {saying("HTTP/1.1 400 Bad Request\r\n\r\n"), discovery.ErrMalformed, "is it an EPMD?"},
		"truncated":       {saying("\x00\x00\x11\x11name my-app-1 at port 40001\nname my-app-2 at po"), discovery.ErrMalformed, "line 2"},
		"not a number":    {saying("\x00\x00\x11\x11name my-app-1 at port http\n"), discovery.ErrMalformed, `"http" is not a port`},
		"port 70000":      {saying("\x00\x00\x11\x11name my-app-1 at port 70000\n"), discovery.ErrMalformed, `"70000" is not a port`},
		"port 0":          {saying("\x00\x00\x11\x11name my-app-1 at port 0\n"), discovery.ErrNoMatch, "at port 0"},
		"too long":        {saying("\x00\x00\x11\x11" + strings.Repeat("name my-app at port 1\n", 20000)), discovery.ErrMalformed, "longer than 327680 bytes"},
		"endless":         {endless, discovery.ErrMalformed, "longer than 327680 bytes"},
		"a thousand others": {saying("\x00\x00\x11\x11" + strings.Repeat("name worker at port 1\n", 1000)),
			discovery.ErrNoMatch, "and 995 more"},
	} {
		t.Run(name, func(t *testing.T) {
			host := startHost(t, "127.0.0.2:0", test.answer)
			report := pollOnce(t, discovery.Config{DNS: []string{"127.0.0.2"}, Prefix: "my-app", EPMDPort: host.addr.Port(), Timeout: waittest.Limit}, nil)
			expectNodes(t, report)
			err := expectProblem(t, report, "epmd "+host.addr.String(), test.want)
			if !strings.Contains(err.Error(), test.says) || len(err.Error()) > 500 {
				t.Errorf("got %q, want %q", err, test.says)
			}

			// Nor are the same bytes an answer to PORT_PLEASE2_REQ.
			report = pollOnce(t, discovery.Config{Nodes: []string{"my-app-1@127.0.0.2"}, EPMDPort: host.addr.Port(), Timeout: waittest.Limit}, nil)
			expectNodes(t, report)
			expectProblem(t, report, "node my-app-1@127.0.0.2", discovery.ErrMalformed)
		})
	}
}

func TestDNSFailures(t *testing.T) {
	const name = "my-app.test"
	for what, test := range map[string]struct {
		records    map[uint16]dnstest.Record
		unanswered bool // the timeout passes
		is         func(*net.DNSError) bool
		targets    []string
	}{
		"no such name": {nil, false, func(e *net.DNSError) bool { return e.IsNotFound }, nil},
		"no address": {map[uint16]dnstest.Record{dns.TypeA: {}, dns.TypeAAAA: {}}, false,
			func(e *net.DNSError) bool { return e.IsNotFound }, nil},
		"server failure": {map[uint16]dnstest.Record{dns.TypeA: {Code: dns.RcodeServerFailure}, dns.TypeAAAA: {Code: dns.RcodeServerFailure}}, false,
			func(e *net.DNSError) bool { return e.IsTemporary && !e.IsNotFound }, nil},
		"refused": {map[uint16]dnstest.Record{dns.TypeA: {Code: dns.RcodeRefused}, dns.TypeAAAA: {Code: dns.RcodeRefused}}, false,
			func(e *net.DNSError) bool { return !e.IsNotFound }, nil},
		"truncated": {map[uint16]dnstest.Record{dns.TypeA: {Truncated: true}, dns.TypeAAAA: {Truncated: true}}, true,
			func(e *net.DNSError) bool { return !e.IsNotFound }, nil},
		"no answer": {map[uint16]dnstest.Record{dns.TypeA: {Silent: true}, dns.TypeAAAA: {Silent: true}}, true,
			func(e *net.DNSError) bool { return e.IsTimeout }, nil},
		"failure for IPv6 alone": {map[uint16]dnstest.Record{dns.TypeA: {Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}, dns.TypeAAAA: {Code: dns.RcodeServerFailure}}, false,
			func(e *net.DNSError) bool { return e.IsTemporary }, []string{"my-app@10.0.0.1 10.0.0.1:9000"}},
	} {
		t.Run(what, func(t *testing.T) {
			zone := dnstest.Start(t)
			for kind, r := range test.records {
				zone.SetRecord(name, kind, r)
			}
			cfg := discovery.Config{DNS: []string{name}, Prefix: "my-app", Port: 9000, Timeout: waittest.Limit}
			if test.unanswered {
				cfg.Timeout = 100 * time.Millisecond
			}
			report := pollOnce(t, cfg, zone.Resolver())
			expectNodes(t, report, test.targets...)
			err := expectProblem(t, report, "dns "+name, discovery.ErrLookup)
			if cause, ok := errors.AsType[*net.DNSError](err); !ok || !test.is(cause) {
				t.Errorf("cause: %#v", err)
			}

			report = pollOnce(t, discovery.Config{Nodes: []string{"a@" + name, "b@" + name}, Port: 9000, Timeout: cfg.Timeout}, zone.Resolver())
			expectProblem(t, report, "dns "+name, discovery.ErrLookup)
		})
	}
}

// With a fixed port each address is a node, and no connection is made. The name has more
// addresses than fit into a UDP answer.
func TestFixedPort(t *testing.T) {
	zone := dnstest.Start(t)
	var addrs, want []string
	for i := range 200 {
		v6 := fmt.Sprintf("fdaa:0:1::%x", i+1)
		addrs = append(addrs, v6)
		want = append(want, fmt.Sprintf("my-app@%s [%s]:9000", v6, v6))
	}
	slices.Sort(want)
	zone.Set("my-app.test", addrs...)

	report := pollOnce(t, discovery.Config{DNS: []string{"my-app.test", "fe80::1%lo"}, Prefix: "my-app", Port: 9000}, zone.Resolver())
	expectNodes(t, report, append(want, "my-app@fe80::1 [fe80::1%lo]:9000")...)
	if len(report.Problems) > 0 {
		t.Errorf("problems: %v", report.Problems)
	}
}

func TestStaticNodes(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	register(t, epmd, registration{name: "normal", port: 40001})
	register(t, epmd, registration{name: "hidden", port: 40002, hidden: true})
	register(t, epmd, registration{name: "old", port: 40003, highest: 5})
	register(t, epmd, registration{name: "zero", port: 0})
	zone := dnstest.Start(t)
	zone.Set("one.test", "::1")
	zone.Set("two.test", "127.0.0.2", "::1", "127.0.0.1") // no EPMD at 127.0.0.2

	at := func(host, path string) string {
		return fmt.Sprintf("epmd %s: %s", netip.AddrPortFrom(netip.MustParseAddr(host), uint16(epmd)), path)
	}
	for name, test := range map[string]struct {
		want string
		err  error
		says string
	}{
		"normal@127.0.0.1":   {"127.0.0.1:40001", nil, ""},
		"hidden@::1":         {"[::1]:40002", nil, ""},
		"normal@one.test":    {"[::1]:40001", nil, ""},
		"normal@two.test":    {"127.0.0.1:40001", nil, ""},
		"absent@127.0.0.1":   {"", discovery.ErrNotRegistered, at("127.0.0.1", "EPMD does not know the node")},
		"old@127.0.0.1":      {"", discovery.ErrTooOld, "OTP 23"},
		"zero@127.0.0.1":     {"", discovery.ErrMalformed, "port 0"},
		"normal@127.0.0.2":   {"", discovery.ErrUnreachable, at("127.0.0.2", "EPMD unreachable")},
		"absent@two.test":    {"", discovery.ErrUnreachable, at("::1", "EPMD does not know the node")},
		"normal-2@127.0.0.1": {"", discovery.ErrNotRegistered, ""},
	} {
		t.Run(name, func(t *testing.T) {
			report := pollOnce(t, discovery.Config{Nodes: []string{name}, EPMDPort: uint16(epmd)}, zone.Resolver())
			if test.err == nil {
				expectNodes(t, report, name+" "+test.want)
				if len(report.Problems) > 0 {
					t.Errorf("problems: %v", report.Problems)
				}
				return
			}
			expectNodes(t, report)
			if err := expectProblem(t, report, "node "+name, test.err); !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, want %q", err, test.says)
			}
		})
	}
}

func TestStaticNodesAtAFixedPort(t *testing.T) {
	zone := dnstest.Start(t)
	zone.Set("one.test", "fdaa:0:1::3", "10.0.0.9", "10.0.0.1")
	report := pollOnce(t, discovery.Config{
		Nodes: []string{"b@one.test", "a@10.0.0.1", "c@fdaa:0:1::3", "a@10.0.0.1"},
		Port:  9000,
	}, zone.Resolver())
	expectNodes(t, report,
		"a@10.0.0.1 10.0.0.1:9000",
		"b@one.test 10.0.0.1:9000",
		"c@fdaa:0:1::3 [fdaa:0:1::3]:9000",
	)
	expectAddrs(t, report, "10.0.0.1", "10.0.0.9", "fdaa:0:1::3")
}

// Go's resolver returns addresses of the hosts file in IPv4-mapped form, and a different
// error if a name has addresses of the other family only.
func TestHostsFile(t *testing.T) {
	report := pollOnce(t, discovery.Config{DNS: []string{"localhost"}, Prefix: "my-app", Port: 9000}, new(net.Resolver))
	if len(report.Nodes) == 0 || len(report.Problems) > 0 {
		t.Errorf("%+v", report)
	}
	for _, target := range report.Nodes {
		if !target.Addr.Addr().IsLoopback() || target.Addr.Addr().Is4In6() {
			t.Errorf("address of localhost: %+v", target)
		}
	}
}

// The first connection to the node's listener is the one of the test.
func TestNeverConnectsToANode(t *testing.T) {
	node, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	port := node.Addr().(*net.TCPAddr).AddrPort().Port()
	epmd := beamtest.StartEPMD(t)
	register(t, epmd, registration{name: "my-app", port: port})

	for _, cfg := range []discovery.Config{
		{DNS: []string{"127.0.0.1"}, Prefix: "my-app", EPMDPort: uint16(epmd)},
		{DNS: []string{"127.0.0.1"}, Prefix: "my-app", Port: port},
		{Nodes: []string{"my-app@127.0.0.1"}, EPMDPort: uint16(epmd)},
		{Nodes: []string{"my-app@127.0.0.1"}, Port: port},
	} {
		expectNodes(t, pollOnce(t, cfg, nil), "my-app@127.0.0.1 "+node.Addr().String())
	}

	own := dial(t, int(port))
	first, err := node.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if first.RemoteAddr().String() != own.LocalAddr().String() {
		t.Errorf("discovery connected to the node from %s", first.RemoteAddr())
	}
}

// Each of 512 hosts answers only once all have a request.
func TestHostsAreAskedInParallel(t *testing.T) {
	const hosts = 512
	var asked atomic.Int32
	all := make(chan struct{})
	everywhere := startHost(t, "0.0.0.0:0", func(conn net.Conn) {
		readRequest(conn)
		if asked.Add(1) == hosts {
			close(all)
		}
		select {
		case <-all:
			io.WriteString(conn, namesOf("my-app"))
		case <-t.Context().Done():
		}
	})
	report := pollOnce(t, discovery.Config{DNS: loopback(hosts), Prefix: "my-app", MaxNodes: 1000, EPMDPort: everywhere.addr.Port(), Timeout: waittest.Limit}, nil)
	if len(report.Nodes) != hosts || len(report.Problems) > 0 {
		t.Errorf("%d nodes, problems: %v", len(report.Nodes), report.Problems)
	}
}

// All addresses of a static node's host are asked in parallel: each answers only once all
// have a request.
func TestAddressesOfAStaticNodeAreAskedInParallel(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	register(t, epmd, registration{name: "my-app", port: 40001})
	var asked sync.WaitGroup
	asked.Add(4)
	together := func(answer func(net.Conn)) func(net.Conn) {
		return func(conn net.Conn) {
			asked.Done()
			asked.Wait()
			answer(conn)
		}
	}
	port := startHost(t, "127.0.0.4:0", together(forward(t, epmd))).addr.Port()
	for _, addr := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		startHost(t, fmt.Sprintf("%s:%d", addr, port), together(saying("")))
	}
	zone := dnstest.Start(t)
	zone.Set("host.test", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")

	report := pollOnce(t, discovery.Config{Nodes: []string{"my-app@host.test"}, EPMDPort: port, Timeout: waittest.Limit}, zone.Resolver())
	expectNodes(t, report, "my-app@host.test 127.0.0.4:40001")
}

// At most 512 questions are open at once.
func TestQuestionsAtOnceAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		proceed := make(chan struct{})
		resolver := resolverFunc(func(context.Context, string, string) ([]netip.Addr, error) {
			open.Add(1)
			defer open.Add(-1)
			<-proceed
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		})
		var names []string
		for i := range 300 {
			names = append(names, fmt.Sprintf("host-%d.test", i))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			pollOnce(t, discovery.Config{DNS: names, Prefix: "my-app", Port: 9000}, resolver)
		}()
		synctest.Wait()
		if n := open.Load(); n != 512 {
			t.Errorf("%d look-ups are open, want 512", n)
		}
		close(proceed)
		<-done
	})
}
