package e2e_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// startWithPlug starts a node with the real Plug and Absinthe.Plug, and evaluates code there.
func startWithPlug(t *testing.T, code string) (epmd int, node *beamtest.Node, dir string) {
	t.Helper()
	dir, inside := beamtest.SharedDir(t)
	epmd = beamtest.StartEPMD(t)
	node = beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Env: []string{"TMPDIR=" + inside}})
	if !startPlug(t, node) {
		t.Skip("needs the real Absinthe.Plug on ERL_LIBS")
	}
	node.Eval(t, code+"\n:ok")
	return epmd, node, dir
}

// session has the session of a browser, in a cookie, and an endpoint with its key.
const session = `
defmodule TestApp.SessionEndpoint do
  def config(:secret_key_base), do: String.duplicate("secret", 11)
  def subscribe(_topic), do: :ok
end

defmodule TestApp.Session do
  use Plug.Builder

  plug Plug.Session, store: :cookie, key: "_app", signing_salt: "a salt", encryption_salt: "another"
  plug :fetch_session
  plug :identify

  def identify(conn, _) do
    conn =
      case get_req_header(conn, "x-user") do
        [] -> conn
        ["nobody"] -> conn |> configure_session(drop: true) |> put_resp_content_type("text/html") |> send_resp(401, "<p>who?") |> halt()
        [user] -> conn |> configure_session(renew: true) |> put_session(:user, user)
      end

    conn |> assign(:user, get_session(conn, :user)) |> share()
  end

  defp share(conn), do: Absinthe.Plug.assign_context(conn, user: conn.assigns.user, visits: get_session(conn, :visits) || 0)

  def before_send(conn, %Absinthe.Blueprint{execution: %{context: context}}) do
    put_session(conn, :visits, context.visits + 1)
  end
end

defmodule TestApp.OwnKey do
  def put_key(conn, _), do: %{conn | secret_key_base: TestApp.SessionEndpoint.config(:secret_key_base)}
end`

// Sessions of Plug work: plugs read and change them, also when they halt, and before_send
// changes them after the operation. The key is that of the endpoint, or of another plug.
func TestSessions(t *testing.T) {
	epmd, _, _ := startWithPlug(t, session)
	const cookies = "request: {headers: [x-user], cookies: [_app]}\n    response: {cookies: [_app]}\n    before_send: TestApp.Session.before_send\n    "
	g := plugged(t, epmd, map[string]string{
		"endpoint": cookies + "plugs: [TestApp.Session]\n    pubsub: TestApp.SessionEndpoint",
		"own":      cookies + "plugs: [TestApp.OwnKey.put_key, TestApp.Session]",
		"hidden":   "request: {headers: [x-user]}\n    plugs: [TestApp.OwnKey.put_key, TestApp.Session]",
	})
	for _, path := range []string{"/endpoint", "/own"} {
		jar, _ := cookiejar.New(nil)
		client := &http.Client{Jar: jar}
		for n, step := range []struct {
			user, want string
			sets       bool
		}{
			{"", `user: nil, visits: 0`, true},
			{"", `user: nil, visits: 1`, true},
			{"ada", `user: \"ada\", visits: 2`, true},
			{"", `user: \"ada\", visits: 3`, true},
			{"nobody", "<p>who?", true},
			{"", `user: nil, visits: 0`, true},
		} {
			status, answer, header := g.visit(t, client, path, step.user)
			if status != map[bool]int{true: 401, false: 200}[step.user == "nobody"] || !strings.Contains(answer, step.want) || (header.Get("Set-Cookie") != "") != step.sets {
				t.Errorf("%s, step %d: %d %s, %v, want %s", path, n, status, answer, header, step.want)
			}
			if step.user == "nobody" && (header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(header.Get("Set-Cookie"), "max-age=0")) {
				t.Errorf("%s: a plug that halts: %v", path, header)
			}
		}
	}
	if status, answer, header := g.visit(t, http.DefaultClient, "/hidden", "ada"); status != 200 || !strings.Contains(answer, "ada") || header.Get("Set-Cookie") != "" {
		t.Errorf("without response.cookies: %d %s, %v", status, answer, header)
	}
}

// visit asks for the context as a browser does.
func (g *running) visit(t *testing.T, client *http.Client, path, user string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+path, strings.NewReader(contextTextQuery))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if user != "" {
		req.Header.Set("X-User", user)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer), resp.Header
}

// plugSchema takes files by the scalar of Absinthe.Plug, and keeps one for longer.
const plugSchema = `
defmodule TestApp.PlugSchema do
  use Absinthe.Schema
  import_types Absinthe.Plug.Types

  query do
    field :a, :string
  end

  mutation do
    field :upload, :string do
      arg :file, non_null(:upload)
      arg :others, list_of(:upload)

      resolve fn %{file: %Plug.Upload{} = file} = args, _ ->
        others = for %Plug.Upload{path: path} <- args[:others] || [], do: File.read!(path)
        {:ok, Enum.join([file.filename, file.content_type, File.read!(file.path) | others], " ")}
      end
    end

    field :keep, :string do
      arg :file, non_null(:upload)

      resolve fn %{file: file}, _ ->
        keeper = spawn(fn -> receive do :done -> :ok end end)
        Process.register(keeper, :keeper)
        :ok = Plug.Upload.give_away(file, keeper)
        {:ok, file.path}
      end
    end
  end
end`

// The scalar of Absinthe.Plug gets the files, with plugs and without. Plug removes them.
func TestUploadsOfPlug(t *testing.T) {
	epmd, node, dir := startWithPlug(t, plugSchema)
	g := pluggedTo(t, epmd, "TestApp.PlugSchema", map[string]string{
		"plain":   "uploads: {files: 3}",
		"plugged": "uploads: {files: 3}\n    plugs: [TestApp.Context]",
	})
	upload := func(path string, parts ...part) string {
		body, contentType := multipartBody(parts...)
		_, answer := g.postTo(t, path, string(body), "Content-Type", contentType, "X-Requested-With", "test")
		return answer
	}
	file := func(key string) part { return part{key, key + ".txt", "text/plain", "content of " + key} }
	const document = `mutation($f: Upload!, $o: [Upload]) { upload(file: $f, others: $o) }`
	for _, path := range []string{"/plain", "/plugged"} {
		answer := upload(path, operations(document, `{"f": null, "o": [null, null]}`), field("map", `{"a": ["variables.f"], "b": ["variables.o.1"], "c": ["variables.o.0"]}`), file("a"), file("b"), file("c"))
		if want := `{"data":{"upload":"a.txt text/plain content of a content of c content of b"}}`; answer != want {
			t.Errorf("%s: %s, want %s", path, answer, want)
		}
		answer = upload(path, field("query", `mutation { upload(file: "x") }`), file("x"))
		if want := `{"data":{"upload":"x.txt text/plain content of x"}}`; answer != want {
			t.Errorf("%s: %s, want %s", path, answer, want)
		}
		if answer = upload(path, field("query", `mutation { upload(file: "y") }`), file("x")); !strings.Contains(answer, `Argument \"file\" has invalid value \"y\"`) {
			t.Errorf("%s: %s", path, answer)
		}
		waitNoUploads(t, dir)
		upload(path, field("query", `mutation { keep(file: "x") }`), file("x"))
		if !hasUploads(t, dir) {
			t.Error("a file that the operation has given away is gone")
		}
		node.Eval(t, "send(:keeper, :done)")
		waitNoUploads(t, dir)
	}
}
