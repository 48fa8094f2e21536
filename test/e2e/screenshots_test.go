package e2e_test

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

var (
	screenshots = flag.String("screenshots", "", "folder for screenshots of the console; empty: none")
	widths      = flag.String("widths", "1280", "their widths, with blanks between them")
)

// traffic are operations, each with the pause after it.
var traffic = []struct {
	document string
	pause    time.Duration
}{
	{`query Dashboard { large(bytes: 20000) }`, 40 * time.Millisecond},
	{`query Part { counter }`, 15 * time.Millisecond},
	{`query Search { echoText(text: "gear") }`, 25 * time.Millisecond},
	{`query Report { sleep(ms: 300) }`, 400 * time.Millisecond},
	{`query Export { sleep(ms: 1200) }`, 9 * time.Second},
	{`query Import { raise(message: "no file") }`, 7 * time.Second},
	{`mutation PlaceOrder { append(id: "order") }`, 60 * time.Millisecond},
}

// TestScreenshots draws the console of a gateway with three nodes that has been busy for a
// minute, one of which is drained.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("-screenshots is not set")
	}
	folder, err := filepath.Abs(*screenshots)
	if err != nil {
		t.Fatal(err)
	}
	epmd := beamtest.StartEPMD(t)
	for _, name := range []string{"my-app-01ABC@127.0.0.1", "my-app-02DEF@127.0.0.1", "my-app-03GHI@127.0.0.1"} {
		beamtest.StartNode(t, beamtest.Options{Name: name, EPMDPort: epmd})
	}
	g := startGateway(t, strings.ReplaceAll(configFor(epmd), "prefix: testapp", "prefix: my-app"))
	done := make(chan struct{})
	var clients sync.WaitGroup
	defer clients.Wait()
	defer close(done)
	for _, op := range traffic {
		clients.Go(func() {
			for {
				g.query(t, op.document)
				select {
				case <-done:
					return
				case <-time.After(op.pause):
				}
			}
		})
	}
	eventually(t, "a node is drained", func() bool {
		status, _ := g.operate(t, "/nodes/my-app-02DEF@127.0.0.1/drain")
		return status == 200
	})
	script := exec.CommandContext(t.Context(), "node", "screenshots.mjs", g.admin+"/console/", folder, *widths)
	script.Dir = clientsFolder(t)
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%w\n%s", err, out))
	}
}
