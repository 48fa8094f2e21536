package rpcclient

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/ergo-services/ergo/node"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

func startErgo(t *testing.T, name string) *runtime {
	t.Helper()
	r, err := startRuntime(t.Context(), NodeConfig{Name: name, Cookie: "the-secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// ergo has an application that sends metrics to ergo's maker.
func TestErgoSendsNoMetrics(t *testing.T) {
	if !ergoOptions(erldist.Node{}).System.DisableAnonMetrics {
		t.Error("anonymous metrics are on")
	}
	r := startErgo(t, "louche@127.0.0.1")
	if apps := r.node.LoadedApplications(); len(apps) > 0 {
		t.Errorf("ergo has loaded %v", apps)
	}
	if processes := r.node.ProcessList(); len(processes) > 0 {
		t.Errorf("ergo runs %d processes", len(processes))
	}
	for _, name := range []string{"system_app", "system_metrics"} {
		if _, err := r.node.ApplicationInfo(name); err == nil || r.node.ProcessByName(name) != nil {
			t.Errorf("ergo runs %s", name)
		}
	}
}

// ergo would register with the EPMD of the host, or start one.
func TestErgoDoesNotRegister(t *testing.T) {
	const epmd = "127.0.0.1:4369"
	listens := func() bool {
		conn, err := net.Dial("tcp", epmd)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	before := listens()
	startErgo(t, "louche-tells-nobody@127.0.0.1")
	if after := listens(); after && !before {
		t.Errorf("an EPMD was started at %s", epmd)
	}
	report := discovery.New(discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "louche-tells-nobody"}, net.DefaultResolver, slog.New(slog.DiscardHandler)).Poll(t.Context())
	if len(report.Nodes) > 0 {
		t.Errorf("the EPMD at %s lists %v", epmd, report.Nodes)
	}
}

// listening records where ergo listens, from its registrar.
type listening struct {
	unregistered
	port uint16
}

func (l *listening) Register(_ context.Context, _ string, options node.RegisterOptions) error {
	l.port = options.Port
	return nil
}

func TestErgoRefusesConnections(t *testing.T) {
	local := erldist.Node{Name: "louche@127.0.0.1", Creation: 4, Cookie: "the-secret"}
	registrar := new(listening)
	options := ergoOptions(local)
	options.Registrar = registrar
	n, err := node.StartWithContext(t.Context(), local.Name, local.Cookie, options)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Stop()

	port := strconv.Itoa(int(registrar.port))
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := erldist.Initiate(t.Context(), conn, erldist.Node{Name: "app@127.0.0.1", Creation: 5, Cookie: local.Cookie})
	if err == nil {
		t.Errorf("handshake with the right cookie: connected to %s", peer.Name)
	}
	if nodes := n.Nodes(); len(nodes) > 0 {
		t.Errorf("connected to %v", nodes)
	}

	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range interfaces {
		ip := address.(*net.IPNet).IP
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			continue
		}
		if conn, err := net.Dial("tcp", net.JoinHostPort(ip.String(), port)); err == nil {
			conn.Close()
			t.Errorf("listens on %v too", ip)
		}
	}
}

func TestErgoPrintsNothing(t *testing.T) {
	var printed bytes.Buffer
	defer log.SetOutput(log.Writer())
	log.SetOutput(&printed)

	r := startErgo(t, "louche@127.0.0.1")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort(l.Addr().String())
	l.Close()
	if _, _, err := r.dial(t.Context(), "nobody@127.0.0.1", addr, false); err == nil {
		t.Error("dialled nobody")
	}
	if printed.Len() > 0 {
		t.Errorf("ergo printed %q", printed.String())
	}
}
