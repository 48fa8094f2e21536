package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// An operator drains a node and makes it active again.
func TestDrainByHand(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	eventually(t, "both are connected", func() bool { return strings.Count(g.status(t), `"connected"`) == 2 })

	slow := g.async(t, sleep)
	eventually(t, "it runs", func() bool { return strings.Contains(a.Output()+b.Output(), "sleeping ") })
	busy, other := a, b
	if strings.Contains(b.Output(), "sleeping ") {
		busy, other = b, a
	}
	if status, answer := g.operate(t, "/nodes/"+url.PathEscape(busy.Name)+"/drain"); status != 200 || !strings.Contains(answer, `"draining"`) {
		t.Errorf("drain: %d %s", status, answer)
	}
	for range 20 {
		if status, answer := g.query(t, `{ counter }`); status != 200 {
			t.Fatalf("while a node is drained: %d %s", status, answer)
		}
	}
	busy.Wake(t)
	if answer := <-slow; answer != `{"data":{"sleep":true}}` {
		t.Errorf("the call in flight got %s", answer)
	}
	if _, answer := g.query(t, `{ counter }`); answer != `{"data":{"counter":21}}` {
		t.Errorf("%s has not had all the calls: %s", other.Name, answer)
	}

	if status, answer := g.operate(t, "/nodes/"+other.Name+"/drain"); status != 200 {
		t.Errorf("drain: %d %s", status, answer)
	}
	if status, answer := g.query(t, `{ counter }`); status != 503 || get(t, g.url+"/readyz").StatusCode != 503 {
		t.Errorf("with every node drained: %d %s", status, answer)
	}
	var drained []struct{ Name, Address string }
	if _, answer := g.operate(t, "/nodes/"+busy.Name+"/drain"); json.Unmarshal([]byte(answer), &drained) != nil || len(drained) != 1 {
		t.Fatalf("drain: %s", answer)
	}
	if status, answer := g.operate(t, "/nodes/"+url.PathEscape(drained[0].Address)+"/undrain"); status != 200 || !strings.Contains(answer, busy.Name) || strings.Contains(answer, `"draining"`) {
		t.Errorf("undrain by its address: %d %s", status, answer)
	}
	if status, answer := g.query(t, `{ counter }`); answer != `{"data":{"counter":1}}` {
		t.Errorf("after undrain: %d %s", status, answer)
	}
}

func TestDrainIsForOperators(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	path := "/nodes/" + node.Name + "/drain"
	if status, answer := g.operate(t, "/nodes/nobody@127.0.0.1/drain"); status != 404 || code(t, answer) != "NOT_FOUND" {
		t.Errorf("unknown node: %d %s", status, answer)
	}
	if status, _ := g.operate(t, path, "Origin", "http://elsewhere.example"); status != 403 {
		t.Errorf("from a web page: %d", status)
	}
	if resp, err := http.Post(g.url+path, "", nil); err != nil || resp.StatusCode != 404 {
		t.Errorf("on the clients' listener: %v %v", resp, err)
	}
	if status, _ := g.query(t, `{ counter }`); status != 200 {
		t.Errorf("the node is drained: %d", status)
	}
}

// status returns the body of GET /status.
func (g *running) status(t *testing.T) string {
	t.Helper()
	resp, err := http.Get(g.admin + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !json.Valid(text) {
		t.Fatalf("GET /status: %v, %s", err, text)
	}
	return string(text)
}

// operate sends a POST to the operators' listener.
func (g *running) operate(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	return g.send(t, g.admin+path, "", header...)
}
