package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A part is one of a multipart body: a file if its filename is not "-".
type part struct{ name, filename, contentType, content string }

func field(name, content string) part { return part{name, "-", "", content} }

// multipartBody returns a body and its Content-Type.
func multipartBody(parts ...part) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := make(textproto.MIMEHeader)
		disposition := fmt.Sprintf("form-data; name=%q", p.name)
		if p.filename != "-" {
			disposition += fmt.Sprintf("; filename=%q", p.filename)
		}
		header.Set("Content-Disposition", disposition)
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		to, _ := w.CreatePart(header)
		io.WriteString(to, p.content)
	}
	w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// upload sends a multipart body, with a header that a page cannot send without preflight.
func (g *running) upload(t testing.TB, parts ...part) (int, string) {
	t.Helper()
	body, contentType := multipartBody(parts...)
	return g.postTo(t, "/graphql", string(body), "Content-Type", contentType, "Apollo-Require-Preflight", "true")
}

// uploaded is a file as the application describes it.
type uploaded struct {
	Filename, SHA256, Path string
	ContentType            string `json:"content_type"`
	Size                   int
}

// uploadsOf returns the files that an answer describes: one or a list.
func uploadsOf(t testing.TB, status int, answer string) (files []uploaded) {
	t.Helper()
	var one struct{ Data struct{ Upload uploaded } }
	var list struct{ Data struct{ Upload []uploaded } }
	switch {
	case json.Unmarshal([]byte(answer), &one) == nil && one.Data.Upload.Path != "":
		return []uploaded{one.Data.Upload}
	case json.Unmarshal([]byte(answer), &list) == nil && list.Data.Upload != nil:
		return list.Data.Upload
	}
	t.Fatalf("%d %s", status, answer)
	return nil
}

func checkUpload(t testing.TB, got uploaded, sent part) {
	t.Helper()
	if got.Filename != sent.filename || got.ContentType != sent.contentType || got.Size != len(sent.content) || got.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(sent.content))) {
		t.Errorf("%+v is not %s, %s, of %d bytes", got, sent.filename, sent.contentType, len(sent.content))
	}
}

// startUploads starts a node with a temporary directory of its own, and a gateway that
// takes files.
func startUploads(t *testing.T, lines ...string) (*beamtest.Node, *running, string) {
	t.Helper()
	dir, inside := beamtest.SharedDir(t)
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Env: []string{"TMPDIR=" + inside}})
	startPlug(t, node)
	return node, startGateway(t, configFor(epmd, lines...)), dir
}

// startPlug starts Plug if it is on ERL_LIBS, and reports whether it is.
func startPlug(t testing.TB, node *beamtest.Node) bool {
	t.Helper()
	return node.Eval(t, "match?({:ok, _}, Application.ensure_all_started(:plug))") == "true"
}

// hasUploads reports whether the node has files of uploads, or directories for them. The one
// that Plug makes stays.
func hasUploads(t testing.TB, dir string) bool {
	t.Helper()
	own, _ := filepath.Glob(filepath.Join(dir, "louche-*"))
	ofPlug, _ := filepath.Glob(filepath.Join(dir, "plug-*", "*"))
	return len(own)+len(ofPlug) > 0
}

func waitNoUploads(t testing.TB, dir string) {
	t.Helper()
	eventually(t, "the node has removed the files", func() bool { return !hasUploads(t, dir) })
}

const (
	uploadOne  = `mutation($f: Upload) { upload(file: $f) }`
	uploadMany = `mutation($fs: [Upload]) { upload(files: $fs) }`
)

func operations(document, variables string) part {
	return field("operations", fmt.Sprintf(`{"query": %q, "variables": %s}`, document, variables))
}

func TestUploads(t *testing.T) {
	_, g, dir := startUploads(t, "    uploads: {files: 3, file: 3000000, total: 5000000}")
	small := part{"0", "ä.csv", "text/csv", "a,b\r\n--1,2\r\n"}
	large := part{"1", "large.bin", "application/octet-stream", strings.Repeat("0123456789\r\n--", 200_000)}

	t.Run("the multipart request specification", func(t *testing.T) {
		for _, sent := range []part{small, large, {"0", "empty", "text/plain", ""}} {
			status, answer := g.upload(t, operations(uploadOne, `{"f": null}`), field("map", fmt.Sprintf(`{%q: ["variables.f"]}`, sent.name)), sent)
			checkUpload(t, uploadsOf(t, status, answer)[0], sent)
		}
		status, answer := g.upload(t, operations(uploadMany, `{"fs": [null, null]}`), field("map", `{"1": ["variables.fs.1"], "0": ["variables.fs.0"]}`), large, small)
		got := uploadsOf(t, status, answer)
		checkUpload(t, got[0], small)
		checkUpload(t, got[1], large)
	})
	t.Run("Absinthe.Plug", func(t *testing.T) {
		status, answer := g.upload(t, field("query", `mutation { upload(file: "0") }`), small)
		checkUpload(t, uploadsOf(t, status, answer)[0], small)
		status, answer = g.upload(t, field("query", uploadMany), field("variables", `{"fs": ["1", "0"]}`), part{"no file chosen", "", "application/octet-stream", ""}, small, large)
		got := uploadsOf(t, status, answer)
		checkUpload(t, got[0], large)
		checkUpload(t, got[1], small)
	})
	t.Run("a batch", func(t *testing.T) {
		batch := fmt.Sprintf(`[{"query": %q, "variables": {"f": null}}, {"query": "{ counter }"}, {"query": %q, "variables": {"fs": [null, null]}}, {"query": "{ nope }", "variables": {"f": null}}]`, uploadOne, uploadMany)
		// One file is in two operations, and in one that is refused.
		status, answer := g.upload(t, field("operations", batch), field("map", `{"0": ["0.variables.f", "2.variables.fs.1"], "1": ["2.variables.fs.0"]}`), small, large)
		var answers []json.RawMessage
		if err := json.Unmarshal([]byte(answer), &answers); err != nil || len(answers) != 4 {
			t.Fatalf("%d %s", status, answer)
		}
		checkUpload(t, uploadsOf(t, status, string(answers[0]))[0], small)
		if string(answers[1]) != `{"data":{"counter":1}}` || !strings.Contains(string(answers[3]), "nope") {
			t.Errorf("%s, %s", answers[1], answers[3])
		}
		got := uploadsOf(t, status, string(answers[2]))
		checkUpload(t, got[0], large)
		checkUpload(t, got[1], small)
	})
	t.Run("without files", func(t *testing.T) {
		if status, answer := g.upload(t, operations("{ counter }", "null"), field("map", "{}")); answer != `{"data":{"counter":2}}` {
			t.Errorf("%d %s", status, answer)
		}
	})
	waitNoUploads(t, dir)
}

// Requests that are refused have run nothing.
func TestUploadsThatAreRefused(t *testing.T) {
	node, g, dir := startUploads(t, "    uploads: {files: 2, file: 1000, total: 1500}", "    pubsub: TestApp.PubSub")
	eventually(t, "the node has told its schema", func() bool { return strings.Contains(g.status(t), `"schema_hash": "`) })
	ran := node.Count(t, "Absinthe.run/3")
	ranBefore := ran()
	file := func(name string, size int) part { return part{name, "f", "", strings.Repeat("x", size)} }
	one := []part{operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`)}
	two := []part{operations(uploadMany, `{"fs": [null, null]}`), field("map", `{"0": ["variables.fs.0"], "1": ["variables.fs.1"]}`)}
	for name, tt := range map[string]struct {
		parts  []part
		status int
		want   string
	}{
		"a file that is too large":     {append(one[:2:2], file("0", 1001)), 413, "A file may have 1000 bytes."},
		"files that are too large":     {append(two[:2:2], file("0", 1000), file("1", 501)), 413, "The files together may have 1500 bytes."},
		"too many files":               {[]part{operations(uploadMany, `{"fs": [null, null, null]}`), field("map", `{"0": ["variables.fs.0"], "1": ["variables.fs.1", "variables.fs.2"]}`)}, 413, "more than 2 files"},
		"too many files of Plug":       {[]part{field("query", uploadMany), file("0", 1), file("1", 1), file("2", 1)}, 413, "more than 2 files"},
		"a missing file":               {append(two[:2:2], file("0", 1)), 400, `The file \"1\" of the request's map is missing.`},
		"a file without a place":       {append(one[:2:2], file("1", 1)), 400, `no file \"1\"`},
		"a file twice":                 {append(two[:2:2], file("0", 1), file("0", 1)), 400, `two files named \"0\"`},
		"a place without null":         {[]part{operations(uploadOne, `{"f": "x"}`), one[1], file("0", 1)}, 400, `no null at \"variables.f\"`},
		"a place outside of variables": {[]part{one[0], field("map", `{"0": ["query"]}`), file("0", 1)}, 400, `no null at \"query\"`},
		"a place of no operation":      {[]part{field("operations", "["+one[0].content+"]"), field("map", `{"0": ["1.variables.f"]}`), file("0", 1)}, 400, `no null at \"1.variables.f\"`},
		"a map that is none":           {[]part{one[0], field("map", `{"0": "variables.f"}`), file("0", 1)}, 400, "list of paths"},
		"no map":                       {[]part{one[0], file("0", 1)}, 400, `not its \"map\"`},
		"a field after a file":         {[]part{file("0", 1), field("query", uploadOne)}, 400, `no \"query\"`},
		"a field between files":        {[]part{field("query", uploadOne), file("0", 1), field("variables", "{}")}, 400, "send fields first"},
		"many fields":                  {append(fields(16), field("query", uploadOne)), 400, "more than 16 fields"},
		"nothing":                      {nil, 400, `no \"query\"`},
		"a subscription":               {[]part{operations(`subscription($f: Upload) { event(channel: "a") }`, `{"f": null}`), one[1], file("0", 1)}, 400, "takes no files"},
		"a body that is too large":     {append(one[:2:2], file("0", 3<<20)), 413, "PAYLOAD_TOO_LARGE"},
		"a long header":                {append(one[:2:2], part{"0", strings.Repeat("f", 40_000), "", "x"}), 400, "header of a part"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, answer := g.upload(t, tt.parts...); status != tt.status || !strings.Contains(answer, tt.want) {
				t.Errorf("%d %s, want %d and %s", status, answer, tt.status, tt.want)
			}
		})
	}
	body, contentType := multipartBody(append(one[:2:2], file("0", 500))...)
	for name, tt := range map[string]struct {
		body   []byte
		header []string
		status int
		want   string
	}{
		"a page of another site":     {body, []string{"Content-Type", contentType}, 403, "CSRF"},
		"a body that is cut off":     {body[:len(body)-100], []string{"Content-Type", contentType, "X-Requested-With", "test"}, 400, "not multipart/form-data"},
		"a body without a boundary":  {body, []string{"Content-Type", "multipart/form-data", "X-Requested-With", "test"}, 400, "no boundary"},
		"a compressed body":          {body, []string{"Content-Type", contentType, "X-Requested-With", "test", "Content-Encoding", "gzip"}, 415, "UNSUPPORTED_ENCODING"},
		"a body of another boundary": {body, []string{"Content-Type", contentType + "x", "X-Requested-With", "test"}, 400, "not multipart/form-data"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, answer := g.postTo(t, "/graphql", string(tt.body), tt.header...); status != tt.status || !strings.Contains(answer, tt.want) {
				t.Errorf("%d %s, want %d and %s", status, answer, tt.status, tt.want)
			}
		})
	}
	waitNoUploads(t, dir)
	if n := ran() - ranBefore; n != 0 {
		t.Errorf("%d operations ran", n)
	}
}

func fields(n int) (parts []part) {
	for i := range n {
		parts = append(parts, field(fmt.Sprint(i), ""))
	}
	return parts
}

// The example of the documentation works.
func TestUploadByCurl(t *testing.T) {
	_, g, _ := startUploads(t, "    uploads: {files: 1}")
	docs, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(docs), "```sh\ncurl -H 'Apollo-Require-Preflight")
	example, _, closed := strings.Cut(example, "```")
	if !found || !closed {
		t.Fatal("docs/http.md has no example of an upload")
	}
	example = strings.NewReplacer("http://127.0.0.1:4400", g.url, "uploadAvatar", "upload").Replace(example)
	curl := exec.CommandContext(t.Context(), "sh", "-c", "curl -sS -H 'Apollo-Require-Preflight"+example)
	curl.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(curl.Dir, "avatar.png"), []byte("a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	answer, err := curl.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	checkUpload(t, uploadsOf(t, 200, string(answer))[0], part{"avatar", "avatar.png", "image/png", "a picture"})
}

// Apollo Client uploads by apollo-upload-client.
func TestUploadByApollo(t *testing.T) {
	_, g, _ := startUploads(t, "    uploads: {files: 2}")
	runClient(t, "apollo-upload.mjs", g.url+"/graphql")
}

// Uploads are off unless they are configured.
func TestUploadsAreOff(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	if status, answer := g.upload(t, operations("{ counter }", "null"), field("map", "{}")); status != 415 {
		t.Errorf("%d %s", status, answer)
	}
}

// A request that is refused by its credentials, or by a rate limit, sends nothing of its
// files to a node.
func TestUploadsNeedCredentials(t *testing.T) {
	node, g, _ := startUploads(t, "    uploads: {files: 1}", fmt.Sprintf("    auth: {methods: [{api_keys: {keys: [{name: app, sha256: %q}]}}]}", hash(apiKey)))
	receivers := node.Count(t, ":erlang.monitor_node/2") // a process that receives files calls it
	body, contentType := multipartBody(operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`), part{"0", "f", "", "x"})
	header := []string{"Content-Type", contentType, "Apollo-Require-Preflight", "true"}
	if status, answer := g.postTo(t, "/graphql", string(body), header...); status != 401 || receivers() != 0 {
		t.Errorf("%d %s, %d receivers", status, answer, receivers())
	}
	if status, answer := g.postTo(t, "/graphql", string(body), append(header, "X-Api-Key", apiKey)...); status != 200 || receivers() == 0 {
		t.Errorf("with credentials: %d %s, %d receivers", status, answer, receivers())
	}
}

// A slowUpload is a request whose file has begun to arrive.
type slowUpload struct {
	body   *io.PipeWriter
	rest   []byte
	cancel context.CancelFunc
	answer chan string
}

// beginUpload sends a request up to the middle of its file, and returns once the node has
// that, or the request has its answer.
func (g *running) beginUpload(t *testing.T, dir string) *slowUpload {
	t.Helper()
	body, contentType := multipartBody(operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`), part{"0", "slow", "", strings.Repeat("x", 200_000)})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	u := &slowUpload{body: w, rest: body[150_000:], cancel: cancel, answer: make(chan string, 1)}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Requested-With", "test")
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			u.answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		u.answer <- string(answer)
	}()
	w.Write(body[:150_000]) // fails if the answer comes before
	eventually(t, "the node has the beginning of the file", func() bool { return hasUploads(t, dir) || len(u.answer) > 0 })
	return u
}

// While files arrive, others may not exceed uploads.concurrent, and the operation's timeout
// does not run. A client that leaves ends its upload.
func TestUploadsTakeTime(t *testing.T) {
	_, g, dir := startUploads(t, "    timeout: 2s", "    uploads: {files: 1, concurrent: 1}")
	u := g.beginUpload(t, dir)
	if status, answer := g.upload(t, operations("{ counter }", "null"), field("map", "{}")); status != 503 || code(t, answer) != "OVERLOADED" {
		t.Errorf("%d %s", status, answer)
	}
	if _, answer := g.post(t, sleep); code(t, answer) != "TIMEOUT" {
		t.Error(answer)
	}
	u.body.Write(u.rest)
	u.body.Close()
	if answer := <-u.answer; uploadsOf(t, 200, answer)[0].Size != 200_000 {
		t.Error(answer)
	}
	waitNoUploads(t, dir)
	g.beginUpload(t, dir).cancel()
	waitNoUploads(t, dir)
	eventually(t, "others may follow", func() bool {
		status, _ := g.upload(t, operations("{ counter }", "null"), field("map", "{}"))
		return status == 200
	})
}

func TestUploadsThatAreTooSlow(t *testing.T) {
	_, g, dir := startUploads(t, "    uploads: {files: 1}\nlimits: {read_timeout: 1s}")
	if answer := <-g.beginUpload(t, dir).answer; code(t, answer) != "REQUEST_TIMEOUT" {
		t.Error(answer)
	}
	waitNoUploads(t, dir)
}

// A node that dies has not run an operation whose files it did not have.
func TestUploadToANodeThatDies(t *testing.T) {
	node, g, dir := startUploads(t, "    uploads: {files: 1}")
	u := g.beginUpload(t, dir)
	node.Kill()
	u.body.Write(u.rest)
	u.body.Close()
	if answer := <-u.answer; code(t, answer) != "NODE_DOWN" || !strings.Contains(answer, "was not run") {
		t.Error(answer)
	}
}

// Plugs run when the files are on the node, and functions of the application add to the
// response.
func TestUploadsWithPlugs(t *testing.T) {
	dir, inside := beamtest.SharedDir(t)
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Env: []string{"TMPDIR=" + inside}})
	startPlug(t, node)
	const uploads = "uploads: {files: 2}\n    response: {headers: [x-result, x-reason], cookies: [user]}\n    "
	g := plugged(t, epmd, map[string]string{
		"sends":   uploads + "plugs: [TestApp.Context]\n    before_send: TestApp.Router.absinthe_before_send\n    request: {headers: [authorization]}",
		"piped":   "uploads: {files: 2}\n    pipeline: TestApp.Router.pipeline",
		"answers": uploads + "context_from: TestApp.Gateway.always?\n    response_from: TestApp.Gateway.respond",
	})
	upload := func(path, user string, parts ...part) reply {
		body, contentType := multipartBody(parts...)
		return g.postPlugged(t, path, string(body), "Content-Type", contentType, "Authorization", "Bearer "+user, "X-Requested-With", "test")
	}
	sent := part{"0", "a.csv", "text/csv", "a,b"}
	one := []part{operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`), sent}
	for path, want := range map[string]reply{
		"/sends":   {status: 200, header: "data", cookies: []string{"user=ada"}},
		"/piped":   {status: 200},
		"/answers": {status: 202, header: "data", cookies: []string{"user=nobody"}},
	} {
		got := upload(path, "ada", one...)
		if got.status != want.status || got.header != want.header || !slices.Equal(got.cookies, want.cookies) || strings.Contains(got.body, "a phase") != (path == "/piped") {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
		checkUpload(t, uploadsOf(t, got.status, got.body)[0], sent)
	}
	got := upload("/sends", "ada", field("query", `mutation { upload(file: "0") }`), sent)
	checkUpload(t, uploadsOf(t, got.status, got.body)[0], sent)
	if !slices.Equal(got.cookies, []string{"user=ada"}) {
		t.Errorf("the form of Absinthe.Plug: %+v", got)
	}
	batch := []part{field("operations", fmt.Sprintf(`[{"query": %q, "variables": {"f": null}}, {"query": "{ counter }"}]`, uploadOne)), field("map", `{"0": ["0.variables.f"]}`), sent}
	if got := upload("/sends", "ada", batch...); got.status != 200 || !slices.Equal(got.cookies, []string{"user=ada", "user=ada"}) || !strings.Contains(got.body, "a.csv") {
		t.Errorf("a batch: %+v", got)
	}
	for _, parts := range [][]part{one, batch} {
		if got := upload("/sends", "nobody", parts...); got.status != 401 || got.body != "who?" || got.reason != "unknown" {
			t.Errorf("halted: %+v", got)
		}
	}
	waitNoUploads(t, dir)

	node.Eval(t, fmt.Sprintf(":%s.forget()", agent.Module))
	eventually(t, "the node has the agent again", func() bool {
		got := upload("/sends", "ada", one...)
		if got.status != 200 && got.status != 503 || got.status == 200 && len(got.cookies) == 0 {
			t.Fatalf("%+v", got)
		}
		return got.status == 200
	})
	waitNoUploads(t, dir)
}

// Resolvers get names of files without directories.
func TestUploadsNameNoDirectories(t *testing.T) {
	_, g, _ := startUploads(t, "    uploads: {files: 1}")
	for disposition, want := range map[string]string{
		`filename="../../etc/passwd"`:                  "passwd",
		`filename="C:\\fakepath\\a.csv"`:               "a.csv",
		`filename=".."`:                                "",
		`filename="a/.."`:                              "",
		`filename*=UTF-8''..%2F..%2Fetc%2Fp%C3%A4sswd`: "pässwd",
	} {
		body, contentType := multipartBody(operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`), part{"0", "x", "text/csv", "a,b"})
		body = bytes.Replace(body, []byte(`filename="x"`), []byte(disposition), 1)
		status, answer := g.postTo(t, "/graphql", string(body), "Content-Type", contentType, "X-Requested-With", "test")
		if got := uploadsOf(t, status, answer)[0].Filename; got != want {
			t.Errorf("%s: %q, want %q", disposition, got, want)
		}
	}
}

// Metrics tell of requests with files, by the code of their answer.
func TestMetricsOfUploads(t *testing.T) {
	_, g, dir := startUploads(t, "    uploads: {files: 1, file: 200000, concurrent: 1}")
	one := []part{operations(uploadOne, `{"f": null}`), field("map", `{"0": ["variables.f"]}`)}
	g.upload(t, append(one, part{"0", "f", "", strings.Repeat("x", 1000)})...)
	g.upload(t, append(one, part{"0", "f", "", strings.Repeat("x", 200_001)})...)
	g.upload(t, append(one, part{"1", "f", "", ""})...)
	g.upload(t, field("operations", `[{"query": "{ counter }"}, {"query": "{ counter }"}]`), field("map", "{}"))
	u := g.beginUpload(t, dir)
	g.upload(t, append(one, part{"0", "f", "", ""})...)
	g.expectMetrics(t, map[string]float64{`louche_uploads_in_flight{app="/graphql"}`: 1})
	u.body.Write(u.rest)
	u.body.Close()
	<-u.answer
	g.query(t, "{ counter }")
	g.expectMetrics(t, map[string]float64{
		`louche_uploads_in_flight{app="/graphql"}`:                      0,
		`louche_uploads_total{app="/graphql",code="OK"}`:                3,
		`louche_uploads_total{app="/graphql",code="PAYLOAD_TOO_LARGE"}`: 1,
		`louche_uploads_total{app="/graphql",code="BAD_REQUEST"}`:       1,
		`louche_uploads_total{app="/graphql",code="OVERLOADED"}`:        1,
		`louche_upload_bytes_total{app="/graphql"}`:                     401_001,
	})
}
