package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// uploadEnds are ways in which uploads end that take no time.
var uploadEnds = []struct {
	name     string
	document string
	sizes    []int // of the files
	header   []string
	status   int
}{
	{"answered", uploadMany, []int{10, 100_000}, nil, 200},
	{"answered by before_send", uploadMany, []int{10, 100_000}, []string{"Authorization", "Bearer ada"}, 200},
	{"with an invalid document", `mutation($fs: [Upload]) { noSuchField(files: $fs) }`, []int{10, 100_000}, nil, 200},
	{"with an exception", `mutation($fs: [Upload]) { upload(files: $fs, ms: -1) }`, []int{10, 100_000}, nil, 500},
	{"with a timeout", `mutation($fs: [Upload]) { upload(files: $fs, ms: 600000) }`, []int{10, 100_000}, []string{"X-Request-Timeout", "20ms"}, 504},
	{"with a file that is too large", uploadMany, []int{10, 200_001}, nil, 413},
	{"without a file", uploadMany, []int{10}, nil, 400},
}

// endUpload sends upload number i, which ends in one of the ways. Its words are in no other one.
func (g *running) endUpload(t *testing.T, i int) {
	t.Helper()
	end := uploadEnds[i%len(uploadEnds)]
	keys := []string{fmt.Sprintf("a%dx", i), fmt.Sprintf("b%dx", i)}
	parts := []part{operations(end.document, `{"fs": [null, null]}`), field("map", fmt.Sprintf(`{%q: ["variables.fs.0"], %q: ["variables.fs.1"]}`, keys[0], keys[1]))}
	for n, size := range end.sizes {
		parts = append(parts, part{keys[n], fmt.Sprintf("name%dx", i), fmt.Sprintf("type/t%dx", i), strings.Repeat("x", size)})
	}
	body, contentType := multipartBody(parts...)
	path := []string{"/graphql", "/plugged"}[i%2]
	status, answer := g.postTo(t, path, string(body), append(end.header, "Content-Type", contentType, "X-Requested-With", "test")...)
	if status != end.status {
		t.Errorf("an upload to %s %s: %d %s, want %d", path, end.name, status, answer, end.status)
	}
}

// Uploads leave nothing on a node, however they end: no process, port, table, atom or file.
//
// The short form ends a few hundred uploads. TEST_CHAOS=long ends 10,000.
func TestUploadsLeaveNothing(t *testing.T) {
	uploads, rounds := 300, 2
	if os.Getenv("TEST_CHAOS") == "long" {
		uploads, rounds = 10_000, 20
	}
	dir, inside := beamtest.SharedDir(t)
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Env: []string{"TMPDIR=" + inside}})
	startPlug(t, node)
	const limits = "uploads: {files: 2, file: 200000}"
	g := plugged(t, epmd, map[string]string{
		"graphql": limits,
		"plugged": limits + `
    plugs: [TestApp.Context]
    before_send: TestApp.Router.absinthe_before_send
    request: {headers: [authorization]}
    response: {cookies: [user]}`,
	})
	impatient := startGateway(t, strings.Replace(configFor(epmd, "    "+limits, "limits: {read_timeout: 1s}"), "louche@", "impatient@", 1))

	rare := func() {
		g.beginUpload(t, dir).cancel() // in the middle of a part
		waitNoUploads(t, dir)
		if answer := <-impatient.beginUpload(t, dir).answer; code(t, answer) != "REQUEST_TIMEOUT" {
			t.Errorf("a client that is too slow: %s", answer)
		}
		waitNoUploads(t, dir)
		g.uploadToDrained(t, node, dir)
		waitNoUploads(t, dir)
		uploadToKilled(t, epmd, dir)
		waitNoUploads(t, dir)
	}
	// state returns the numbers of processes, ports, tables and atoms, and of gateways.
	state := func() (numbers [5]int) {
		text := node.Eval(t, `{length(Process.list()), length(Port.list()), length(:ets.all()), :erlang.system_info(:atom_count), length(Node.list(:hidden))}`)
		if _, err := fmt.Sscanf(text, "{%d, %d, %d, %d, %d}", &numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4]); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return numbers
	}
	for i := range 5 * len(uploadEnds) { // loads what it needs
		g.endUpload(t, i)
	}
	rare()
	// What ends after the last upload, such as the processes of a connection, may still count,
	// so the state at the end may have less.
	before, looks := state(), 0
	eventually(t, "the node is at rest, with the two gateways that go on", func() bool {
		last := before
		if before = state(); before != last || before[4] != 2 {
			looks = 0
		}
		looks++
		return looks > 100
	})
	for i := range uploads {
		g.endUpload(t, 1000+i)
	}
	for range rounds {
		rare()
	}
	var after [5]int
	eventually(t, "the node has no more than before", func() bool {
		after = state()
		return !slices.ContainsFunc([]int{0, 1, 2, 3, 4}, func(i int) bool { return after[i] > before[i] })
	})
	t.Logf("%v before, %v after", before, after)
}

// uploadToDrained has an operator drain the node while it receives a file. The upload goes on.
func (g *running) uploadToDrained(t *testing.T, node *beamtest.Node, dir string) {
	t.Helper()
	u := g.beginUpload(t, dir)
	path := "/nodes/" + url.PathEscape(node.Name)
	if status, answer := g.operate(t, path+"/drain"); status != 200 {
		t.Errorf("drain: %d %s", status, answer)
	}
	u.body.Write(u.rest)
	u.body.Close()
	if answer := <-u.answer; uploadsOf(t, 200, answer)[0].Size != 200_000 {
		t.Errorf("while the node is drained: %s", answer)
	}
	if status, answer := g.operate(t, path+"/undrain"); status != 200 {
		t.Errorf("undrain: %d %s", status, answer)
	}
}

// uploadToKilled kills a gateway in the middle of an upload.
func uploadToKilled(t *testing.T, epmd int, dir string) {
	t.Helper()
	process := command(t, "serve", "--config") // may build the program, while the addresses would not stay free
	clients, operators := beamtest.FreeAddresses(t, nil)
	g := &running{url: "http://" + clients, admin: "http://" + operators}
	addresses := fmt.Sprintf("listen: %s\nadmin: %s\n", clients, operators)
	process.Args = append(process.Args, write(t, addresses+strings.Replace(configFor(epmd, "    uploads: {files: 1}"), "louche@", "killed@", 1)))
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		process.Process.Kill()
		process.Wait()
	}
	defer kill()
	eventually(t, "the gateway is ready", func() bool {
		resp, err := http.Get(g.admin + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	u := g.beginUpload(t, dir)
	kill()
	u.body.Close()
	<-u.answer
}
