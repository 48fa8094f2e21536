package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/dnstest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A privateNetwork is an IPv6 network of machines, each in its own namespace, around a router
// that is the DNS server, too: the private network of an organization on Fly.io.
type privateNetwork struct {
	router   *beamtest.Namespace
	zone     *dnstest.Zone
	machines int
}

// nameServer is the address of Fly.io's DNS server in each private network.
const nameServer = "fdaa::3"

func newPrivateNetwork(t *testing.T) *privateNetwork {
	t.Helper()
	n := &privateNetwork{router: beamtest.NewNamespace(t)}
	n.router.IP(t, "address add "+nameServer+"/128 dev lo nodad")
	listener, err := n.router.Listen("tcp", "["+nameServer+"]:53")
	if err != nil {
		t.Fatal(err)
	}
	var packets net.PacketConn
	n.router.Do(func() {
		if packets, err = net.ListenPacket("udp", listener.Addr().String()); err == nil {
			err = os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0o644)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	n.zone = dnstest.Serve(t, listener, packets)
	return n
}

// A machine has a private address.
type machine struct {
	*beamtest.Namespace
	address string
}

// start starts a machine: fdaa:0:1::3, fdaa:0:2::3, ….
func (n *privateNetwork) start(t *testing.T) machine {
	t.Helper()
	n.machines++
	prefix := fmt.Sprintf("fdaa:0:%d::", n.machines)
	m := machine{beamtest.NewNamespace(t), prefix + "3"}
	link := fmt.Sprintf("machine%d", n.machines)
	n.router.IP(t, "link add "+link+" type veth peer name eth0 netns "+m.Path())
	n.router.IP(t, "address add "+prefix+"1/64 dev "+link+" nodad")
	n.router.IP(t, "link set "+link+" up")
	m.IP(t, "address add "+m.address+"/64 dev eth0 nodad")
	m.IP(t, "link set eth0 up")
	m.IP(t, "route add default via "+prefix+"1")
	return m
}

// client returns a client on the router, where Fly.io's proxy and health checks are.
func (n *privateNetwork) client() *http.Client { return clientIn(n.router) }

func clientIn(n *beamtest.Namespace) *http.Client {
	return &http.Client{Timeout: waittest.Limit, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		n.Do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
		return conn, err
	}}}
}

// release starts a node of the application as the page on Fly.io says: with the hash of its
// image and the address of its machine in its name, and distribution over IPv6.
func (m machine) release(t *testing.T, image string) *beamtest.Node {
	t.Helper()
	const epmd = 4369
	beamtest.StartEPMDIn(t, m.Namespace, epmd, m.address)
	return beamtest.StartNode(t, beamtest.Options{Name: "my-app-" + image + "@" + m.address, EPMDPort: epmd, ProtoDist: "inet6_tcp", Namespace: m.Namespace})
}

// gateway runs the gateway with the files of deploy/fly. Only the name of the schema and the
// times are other ones.
func (m machine) gateway(t *testing.T) *exec.Cmd {
	t.Helper()
	resolvers := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolvers, []byte("nameserver "+nameServer+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := command(t).Path
	cmd := exec.Command("unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`,
		resolvers, program, "serve", "--config", "../../deploy/fly/louche.yaml")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "RELEASE_COOKIE=" + beamtest.DefaultCookie,
		"LOUCHE_APPS_0_SCHEMA=TestApp.Schema", "LOUCHE_APPS_0_DISCOVERY_INTERVAL=200ms", "LOUCHE_SHUTDOWN_DELAY=0s"}
	var log strings.Builder
	cmd.Stderr = &log
	var err error
	if m.Do(func() { err = cmd.Start() }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("log of the gateway:\n%s", &log)
		}
	})
	return cmd
}

// connected are the names of the connected nodes of a gateway, from its operators' listener.
func connected(t *testing.T, operators *http.Client) string {
	t.Helper()
	resp, err := operators.Get("http://127.0.0.1:4401/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var status struct {
		Apps []struct {
			Nodes []struct{ Name, State string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, node := range status.Apps[0].Nodes {
		if node.State == "connected" {
			names = append(names, node.Name)
		}
	}
	return strings.Join(names, " ")
}

// A team on Fly.io: the gateway finds the application by its AAAA record, in spite of the hash
// in the name, and a deploy under another hash is not noticed by clients.
func TestFly(t *testing.T) {
	network := newPrivateNetwork(t)
	first, second, front := network.start(t), network.start(t), network.start(t)
	old := first.release(t, "01ABC")
	network.zone.Set("my-app.internal", first.address)
	gateway := front.gateway(t)
	url, clients, operators := "http://["+front.address+"]:4400", network.client(), clientIn(front.Namespace)
	eventually(t, "the gateway is ready", func() bool {
		resp, err := clients.Get(url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if got := connected(t, operators); got != "my-app-01ABC@fdaa:0:1::3" {
		t.Errorf("connected to %q", got)
	}
	ask := func() string {
		resp, err := clients.Post(url+"/graphql", "application/json", strings.NewReader(`{"query":"{ hello }"}`))
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return string(answer)
	}

	done, ended := make(chan struct{}), make(chan struct{})
	var answers atomic.Int64
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			if got := ask(); got != `{"data":{"hello":"hello world"}}` {
				t.Errorf("after %d answers: %s", answers.Load(), got)
				return
			}
			answers.Add(1)
		}
	}()
	second.release(t, "01DEF")
	network.zone.Set("my-app.internal", first.address, second.address)
	eventually(t, "both nodes are connected", func() bool {
		return connected(t, operators) == "my-app-01ABC@fdaa:0:1::3 my-app-01DEF@fdaa:0:2::3"
	})
	old.Stop(t)
	network.zone.Set("my-app.internal", second.address)
	eventually(t, "the new node is connected alone", func() bool { return connected(t, operators) == "my-app-01DEF@fdaa:0:2::3" })
	before := answers.Load()
	eventually(t, "the new node answers", func() bool { return answers.Load() > before+10 })
	close(done)
	<-ended

	gateway.Process.Signal(syscall.SIGTERM)
	if err := gateway.Wait(); err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
}
