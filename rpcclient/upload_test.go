package rpcclient_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/test/beamtest"
)

// plugUpload defines a double of Plug.Upload. As the real one, it removes the files of a
// process that has ended.
const plugUpload = `Code.ensure_loaded?(Plug.Upload) || (
defmodule Plug.Upload do
  defstruct [:path, :content_type, :filename]

  def random_file(prefix) do
    owner = self()
    path = Path.join(System.tmp_dir!(), "#{prefix}-#{System.unique_integer([:positive])}")
    File.write!(path, "")

    spawn(fn ->
      monitor = Process.monitor(owner)
      receive do {:DOWN, ^monitor, _, _, _} -> File.rm!(path) end
    end)

    {:ok, path}
  end
end)
:ok`

// receiving starts a node with a temporary directory of its own, and returns it with a
// client and the directory.
func receiving(t *testing.T, o beamtest.Options) (node *beamtest.Node, app *rpcclient.Absinthe, dir string) {
	t.Helper()
	dir, inside := beamtest.SharedDir(t)
	o.Env = append(o.Env, "TMPDIR="+inside)
	node, addr := startApp(t, o)
	g := startGateway(t, nil)
	return node, absinthe(g.pool(t, rpcclient.PoolConfig{}, addr)), dir
}

// files returns the names of the files in a directory and those below.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && path != dir {
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func waitNoFiles(t testing.TB, dir string) {
	t.Helper()
	waittest.Until(t, "the node has removed the files", func() bool { return len(files(t, dir)) == 0 })
}

func uploading(document, variables string) rpcclient.Operation {
	return rpcclient.Operation{Document: document, Variables: []byte(variables)}
}

const uploadOne = `mutation($f: Upload) { upload(file: $f) }`

func startUpload(t testing.TB, app *rpcclient.Absinthe, op rpcclient.Operation) *rpcclient.Upload {
	t.Helper()
	u, err := app.Upload(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

// uploaded is a file as the application describes it.
type uploaded struct {
	Filename    string
	ContentType *string `json:"content_type"`
	Path        string
	Size        int
	SHA256      string `json:"sha256"`
	Struct      string
}

// runUpload runs the operation of an upload and reads data.upload.
func runUpload(t testing.TB, u *rpcclient.Upload, into any) {
	t.Helper()
	result, err := u.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	text, err := result.Value.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data   struct{ Upload any }
		Errors []any
	}
	answer.Data.Upload = into
	if err := json.Unmarshal(text, &answer); err != nil || answer.Errors != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestUpload(t *testing.T) {
	for name, define := range map[string]string{"with Plug": plugUpload, "without Plug": ":ok"} {
		t.Run(name, func(t *testing.T) {
			node, app, dir := receiving(t, beamtest.Options{})
			node.Eval(t, define)
			for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 5 << 20} {
				content := bytes.Repeat([]byte("a byte "), size/7+1)[:size]
				u := startUpload(t, app, uploading(uploadOne, `{"f": "the key"}`))
				if err := u.Send(t.Context(), rpcclient.File{Key: "the key", Filename: "ä.csv", ContentType: "text/csv", Content: bytes.NewReader(content)}); err != nil {
					t.Fatal(err)
				}
				var got uploaded
				runUpload(t, u, &got)
				if got.Filename != "ä.csv" || *got.ContentType != "text/csv" || got.Size != size || got.SHA256 != fmt.Sprintf("%x", sha256.Sum256(content)) {
					t.Errorf("%d bytes: %+v", size, got)
				}
				if want := map[bool]string{true: "Plug.Upload", false: "nil"}[define == plugUpload]; got.Struct != want {
					t.Errorf("the struct is %s, want %s", got.Struct, want)
				}
				waitNoFiles(t, dir)
			}
			u := startUpload(t, app, uploading(`mutation($fs: [Upload]) { upload(files: $fs) }`, `{"fs": ["1", null, "2"]}`))
			for _, key := range []string{"1", "2"} {
				if err := u.Send(t.Context(), rpcclient.File{Key: key, Content: strings.NewReader("file " + key)}); err != nil {
					t.Fatal(err)
				}
			}
			var got []*uploaded
			runUpload(t, u, &got)
			if len(got) != 3 || got[1] != nil || got[0].SHA256 == got[2].SHA256 || got[0].ContentType != nil {
				t.Errorf("two files and null: %+v", got)
			}
			waitNoFiles(t, dir)
		})
	}
}

// endless is content that does not end.
type endless struct{ read chan struct{} }

func (e endless) Read(b []byte) (int, error) {
	select {
	case e.read <- struct{}{}:
	default:
	}
	return len(b), nil
}

// The files are removed in whatever way an upload ends.
func TestUploadEnds(t *testing.T) {
	node, app, dir := receiving(t, beamtest.Options{})
	failed := errors.New("the client has failed")
	one := rpcclient.File{Key: "f", Content: strings.NewReader("content")}
	held := uploading(`mutation($f: Upload) { upload(file: $f, ms: 600000) }`, `{"f": "f"}`)
	ends := map[string]func(t *testing.T){
		"the content fails": func(t *testing.T) {
			u := startUpload(t, app, held)
			content := io.MultiReader(io.LimitReader(endless{}, 1<<20), readerFunc(func([]byte) (int, error) { return 0, failed }))
			if err := u.Send(t.Context(), rpcclient.File{Key: "f", Content: content}); !errors.Is(err, failed) {
				t.Errorf("%v, want the error of the content", err)
			}
			u.Close()
		},
		"the client leaves": func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			u := startUpload(t, app, held)
			read := make(chan struct{})
			go func() {
				<-read
				cancel()
			}()
			if err := u.Send(ctx, rpcclient.File{Key: "f", Content: endless{read}}); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the end of the context", err)
			}
			u.Close()
		},
		"the client leaves while the operation runs": func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			u := startUpload(t, app, held)
			if err := u.Send(ctx, one); err != nil {
				t.Fatal(err)
			}
			seen := node.Written(t)
			go func() {
				sleeper(t, node, seen)
				cancel()
			}()
			if _, err := u.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the end of the context", err)
			}
			u.Close()
		},
		"the application crashes": func(t *testing.T) {
			u := startUpload(t, app, uploading(`mutation($f: Upload) { upload(file: $f, ms: -1) }`, `{"f": "f"}`))
			if err := u.Send(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			var crash *rpcclient.CallError
			if _, err := u.Run(t.Context()); !errors.As(err, &crash) || crash.Class != "error" {
				t.Errorf("%v, want the exception of a time below 0", err)
			}
			u.Close()
		},
		"the file cannot be written": func(t *testing.T) {
			u := startUpload(t, app, held)
			if err := u.Send(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			waittest.Until(t, "the file is there", func() bool { return len(files(t, dir)) == 2 })
			node.Eval(t, `[dir] = Path.wildcard(System.tmp_dir!() <> "/louche-*"); File.rm_rf!(dir); File.write!(dir, "no directory")`)
			var crash *rpcclient.CallError
			if err := u.Send(t.Context(), rpcclient.File{Key: "g", Content: endless{}}); !errors.As(err, &crash) || !strings.Contains(err.Error(), "eexist") {
				t.Errorf("%v, want a crash", err)
			}
			u.Close()
		},
	}
	for name := range ends {
		ends[name](t) // loads what it needs
		waitNoFiles(t, dir)
	}
	node.Eval(t, `:persistent_term.put(:before, Process.list())`)
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			end(t)
			waitNoFiles(t, dir)
			waittest.Until(t, "no process is left", func() bool { return node.Eval(t, `Process.list() -- :persistent_term.get(:before)`) == "[]" })
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A gateway that is gone leaves nothing on the node.
func TestUploadWithoutGateway(t *testing.T) {
	dir, inside := beamtest.SharedDir(t)
	node, addr := startApp(t, beamtest.Options{Env: []string{"TMPDIR=" + inside}})
	g := startGateway(t, nil)
	relay := newRelay(t, "relayed@127.0.0.1", addr)
	app := absinthe(g.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr))
	u := startUpload(t, app, uploading(uploadOne, `{"f": "f"}`))
	cut := readerFunc(func(b []byte) (int, error) {
		waittest.Until(t, "the file is there", func() bool { return len(files(t, dir)) == 2 })
		relay.cut()
		return 0, io.EOF
	})
	err := u.Send(t.Context(), rpcclient.File{Key: "f", Content: io.MultiReader(io.LimitReader(endless{}, 1<<20), cut, endless{})})
	var lost *erldist.LostError
	if !errors.As(err, &lost) || lost.Sent {
		t.Errorf("%v, want the loss of a connection before the operation ran", err)
	}
	waitNoFiles(t, dir)
	waittest.Until(t, "the process has ended", func() bool {
		return node.Eval(t, `Enum.count(Process.list(), &match?({:current_function, {:erl_eval, _, _}}, Process.info(&1, :current_function)))`) == "0"
	})
}

// A node that dies before the operation ran has not run it.
func TestUploadWithoutNode(t *testing.T) {
	node, app, dir := receiving(t, beamtest.Options{})
	u := startUpload(t, app, uploading(uploadOne, `{"f": "f"}`))
	die := readerFunc(func(b []byte) (int, error) {
		waittest.Until(t, "the file is there", func() bool { return len(files(t, dir)) == 2 })
		node.Kill()
		return 0, io.EOF
	})
	err := u.Send(t.Context(), rpcclient.File{Key: "f", Content: io.MultiReader(io.LimitReader(endless{}, 1<<20), die, endless{})})
	var lost *erldist.LostError
	if !errors.As(err, &lost) || lost.Sent {
		t.Errorf("%v, want the loss of a connection before the operation ran", err)
	}
}

// The names of files and types of clients make no atoms.
func TestUploadMakesNoAtoms(t *testing.T) {
	node, app, _ := receiving(t, beamtest.Options{})
	node.CheckNoAtoms(t, func(i int) {
		u, err := app.Upload(t.Context(), uploading(uploadOne, fmt.Sprintf(`{"f": "key_%d"}`, i)))
		if err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		f := rpcclient.File{Key: fmt.Sprint("key_", i), Filename: fmt.Sprint("file_", i), ContentType: fmt.Sprint("type/", i), Content: strings.NewReader(fmt.Sprint(i))}
		if err := u.Send(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		runUpload(t, u, new(uploaded))
	})
}
