package beamtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// application is the compiled application of the nodes: a folder with sys.config,
// golden/, and ebin/ with a boot file.
type application struct {
	inside string // as the nodes see it
	err    error
	// Only this process holds it open. The folder is removed when the process ends, in
	// whatever way.
	lifeline io.WriteCloser
}

// compiled compiles the application for all nodes of this process.
var compiled = sync.OnceValue(func() *application {
	a := new(application)
	a.err = a.compile()
	return a
})

func (a *application) compile() error {
	outside, inside, err := makeSharedDir()
	if err != nil {
		return err
	}
	a.inside = inside
	janitor := exec.Command("sh", "-c", `cat; rm -rf "$1"`, "sh", outside)
	if a.lifeline, err = janitor.StdinPipe(); err != nil {
		return err
	}
	if err := janitor.Start(); err != nil {
		return err
	}
	for source, target := range map[string]string{"elixir": ".", "golden": "golden"} {
		folder, err := moduleFile("testdata", source)
		if err != nil {
			return err
		}
		if err := os.CopyFS(filepath.Join(outside, target), os.DirFS(folder)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(outside, "ebin"), 0o755); err != nil {
		return err
	}
	cmd, err := command("elixir", filepath.Join(inside, "compile.exs"), filepath.Join(inside, "ebin"))
	if err != nil {
		return err
	}
	cmd.Env = environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the application: %w\n%s", err, out)
	}
	return nil
}

// theApplication is the folder of the compiled application, as the nodes see it.
func theApplication(t testing.TB) string {
	t.Helper()
	a := compiled()
	if a.err != nil {
		t.Fatalf("beamtest: %v", a.err)
	}
	return a.inside
}
