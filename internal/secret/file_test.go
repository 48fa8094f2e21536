package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// All users may read a trusted file; only its owner may write it.
func TestReadTrusted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	for mode, fine := range map[os.FileMode]bool{0o400: true, 0o644: true, 0o444: true, 0o664: false, 0o646: false} {
		os.Remove(file)
		if err := os.WriteFile(file, []byte("keys"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		text, err := ReadTrusted(file)
		if fine && (string(text) != "keys" || err != nil) || !fine && (err == nil || !strings.Contains(err.Error(), "chmod go-w")) {
			t.Errorf("mode %#o: %q, %v", mode, text, err)
		}
	}
}
