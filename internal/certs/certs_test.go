package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

func TestReadAuthorities(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	valid, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(files.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		mode    os.FileMode
		problem string
	}{
		{"readable by all users", valid, 0o644, ""},
		{"readable by the owner", valid, 0o400, ""},
		{"several authorities", append(append([]byte{}, valid...), valid...), 0o644, ""},
		{"writable by the group", valid, 0o664, "chmod go-w"},
		{"writable by all users", valid, 0o646, "chmod go-w"},
		{"a private key", key, 0o600, "no certificate"},
		{"an empty file", nil, 0o644, "no certificate"},
	} {
		path := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(path, tt.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		pool, err := ReadAuthorities(path)
		switch {
		case tt.problem == "" && (err != nil || pool == nil):
			t.Errorf("%s: %v", tt.name, err)
		case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: error %v, want one with %q and the path", tt.name, err, tt.problem)
		}
	}
	if _, err := ReadAuthorities("missing.pem"); err == nil || !strings.Contains(err.Error(), "missing.pem") {
		t.Error(err)
	}
}
