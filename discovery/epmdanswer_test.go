package discovery_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A report has the answer of each EPMD: the names that count come first, and others, too.
func TestReportHasAnswersOfEPMDs(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	for i := range 40 {
		register(t, epmd, registration{name: fmt.Sprintf("other-%d", i), port: uint16(50000 + i)})
	}
	register(t, epmd, registration{name: "my-app-01", port: 40001})
	at := func(host string) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr(host), uint16(epmd))
	}
	named := discovery.EPMDName{Name: "my-app-01", Port: 40001}

	report := pollOnce(t, discovery.Config{DNS: []string{"127.0.0.1", "127.0.0.2"}, Prefix: "my-app", EPMDPort: uint16(epmd)}, nil)
	if len(report.EPMDs) != 2 {
		t.Fatalf("%+v", report.EPMDs)
	}
	listed, refused := report.EPMDs[0], report.EPMDs[1]
	if listed.Addr != at("127.0.0.1") || listed.Err != nil || len(listed.Names)+listed.More != 41 || len(listed.Names) != 32 || listed.Names[0] != named {
		t.Errorf("%+v", listed)
	}
	if refused.Addr != at("127.0.0.2") || !errors.Is(refused.Err, discovery.ErrUnreachable) || len(refused.Names) != 0 {
		t.Errorf("%+v", refused)
	}

	report = pollOnce(t, discovery.Config{Nodes: []string{"my-app-01@127.0.0.1", "absent@127.0.0.1"}, EPMDPort: uint16(epmd)}, nil)
	if len(report.EPMDs) != 1 || report.EPMDs[0].Err != nil || len(report.EPMDs[0].Names) != 1 || report.EPMDs[0].Names[0] != named {
		t.Errorf("static nodes: %+v", report.EPMDs)
	}
}
