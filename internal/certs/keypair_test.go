package certs

import (
	"os"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Errors name the key of the configuration, and the permission check applies to the private
// key.
func TestReadKeyPair(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	if pair, err := ReadKeyPair(files.NodeCert, files.NodeKey); err != nil || len(pair.Certificate) == 0 {
		t.Errorf("valid: %v", err)
	}
	for name, c := range map[string]struct{ cert, key, want string }{
		"no certificate":  {"/nonexistent/cert.pem", files.NodeKey, "cert_file: open /nonexistent/cert.pem"},
		"no key":          {files.NodeCert, "/nonexistent/key.pem", "key_file: open /nonexistent/key.pem"},
		"another's key":   {files.NodeCert, files.ClientKey, "cert_file: " + files.NodeCert},
		"not certificate": {files.NodeKey, files.NodeKey, "cert_file: " + files.NodeKey},
	} {
		if _, err := ReadKeyPair(c.cert, c.key); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if err := os.Chmod(files.NodeKey, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeyPair(files.NodeCert, files.NodeKey); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that all users can read: %v", err)
	}
}
