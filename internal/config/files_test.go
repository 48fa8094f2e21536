package config

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// reloadedFiles finds files by their keys, without the files that are read at the start
// only.
func TestFilesOfTheConfiguration(t *testing.T) {
	cfg, err := (&Flags{Config: write(t, complete)}).Load()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/run/secrets/admin_token", "a.json", "b.json", "cert.pem", "clients.pem", "key.pem"}
	if files := cfg.reloadedFiles(); !slices.Equal(files, want) {
		t.Errorf("%v, want %v", files, want)
	}
}

// Watch loads the configuration when the content of one of its files changes, and only
// then.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(name string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	names := func(file string) {
		put("louche.yaml", fmt.Sprintf("tls: {cert_file: %[1]s/%[2]s, key_file: %[1]s/key}\nnode: {cookie_file: %[1]s/cookie}\napps: [{schema: A, discovery: {prefix: a}}]\n", dir, file))
	}
	names("a")
	put("a", "1")
	put("cookie", "1")
	synctest.Test(t, func(t *testing.T) {
		flags := &Flags{Config: filepath.Join(dir, "louche.yaml")}
		cfg, err := flags.Load()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		loaded := flags.Watch(ctx, cfg, nil, slog.New(slog.DiscardHandler))
		for _, step := range []struct {
			name   string
			change func()
			want   bool
		}{
			{"nothing", func() {}, false},
			{"another content", func() { put("a", "2") }, true},
			{"the same content anew", func() { put("a", "2") }, false},
			{"gone", func() { remove("a") }, false},
			{"back as it was", func() { put("a", "2") }, false},
			{"gone again", func() { remove("a") }, false},
			{"back with another content", func() { put("a", "3") }, true},
			{"a file that was never there", func() { put("key", "1") }, true},
			{"its permissions change", func() { os.Chmod(filepath.Join(dir, "key"), 0o400) }, true},
			{"one that is read at the start only", func() { put("cookie", "2") }, false},
			{"a bad configuration", func() { put("louche.yaml", "x: 1") }, false},
			{"another file is named", func() { names("b") }, true},
			{"it comes", func() { put("b", "1") }, true},
			{"it changes", func() { put("b", "2") }, true},
			{"the former one changes", func() { put("a", "4") }, false},
			{"that is named again", func() { names("a") }, true},
			{"it has not changed since", func() {}, false},
			{"being written", func() {
				for i := range 10 {
					put("a", strings.Repeat("x", i))
					time.Sleep(watchInterval / 2)
					synctest.Wait()
					select {
					case <-loaded:
						t.Error("loaded while a file was being written")
					default:
					}
				}
			}, true},
		} {
			step.change()
			select {
			case <-loaded:
				if !step.want {
					t.Errorf("%s: loaded", step.name)
				}
			case <-time.After(5 * watchInterval):
				if step.want {
					t.Errorf("%s: not loaded", step.name)
				}
			}
		}
	})
}

// A file that changes after it was loaded is loaded again.
func TestSnapshotExtendKeepsOlderContent(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first, "1")
	put(second, "1")
	seen := snapshot{}.next([]string{first})
	put(first, "2") // during the load, which finds that the configuration names the second file
	known := seen.extend([]string{first, second})
	if now := known.next([]string{first, second}); now[first] == known[first] || now[second] != known[second] {
		t.Errorf("%v, then %v", known, now)
	}
}
