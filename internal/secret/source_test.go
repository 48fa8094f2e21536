package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestRead(t *testing.T) {
	t.Setenv("LOUCHE_TEST_SECRET", " s3cret\n")
	file := filepath.Join(t.TempDir(), "secret")
	for mode, fine := range map[os.FileMode]bool{0o400: true, 0o600: true, 0o440: true, 0o640: true, 0o644: false, 0o660: false, 0o604: false, 0o602: false} {
		os.Remove(file)
		if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		text, err := Source{File: file}.Read()
		if fine && (text != "s3cret" || err != nil) || !fine && (err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "chmod")) {
			t.Errorf("mode %#o: %q, %v", mode, text, err)
		}
	}
	if text, err := (Source{Env: "LOUCHE_TEST_SECRET"}).Read(); text != "s3cret" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := (Source{Env: "LOUCHE_TEST_NOTHING"}).Read(); err == nil || !strings.Contains(err.Error(), "LOUCHE_TEST_NOTHING") {
		t.Error(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	os.WriteFile(empty, []byte("\n"), 0o600)
	if _, err := (Source{File: empty}).Read(); err == nil {
		t.Error("an empty secret is accepted")
	}
	if _, err := (Source{File: filepath.Dir(empty)}).Read(); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Error(err)
	}
}

// A secret in the configuration is an error, and the error does not contain it.
func TestSecretInTheConfiguration(t *testing.T) {
	var s Source
	err := yaml.Unmarshal([]byte("hunter2"), &s)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "{file: PATH}") {
		t.Error(err)
	}
	if err := yaml.Unmarshal([]byte("{env: A, file: b}"), &s); err != nil || s.Validate() == nil {
		t.Error("two sources are accepted")
	}
}
