package e2e_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// kubernetesVolume is a directory of files behind the link ..data, which the kubelet
// replaces in one step.
type kubernetesVolume struct {
	dir  string
	next int
}

func (v *kubernetesVolume) replace(t *testing.T, files map[string][]byte) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	v.next++
	version := fmt.Sprintf("..version-%d", v.next)
	check(os.Mkdir(filepath.Join(v.dir, version), 0o700))
	for name, content := range files {
		check(os.WriteFile(filepath.Join(v.dir, version, name), content, 0o600))
		if v.next == 1 {
			check(os.Symlink(filepath.Join("..data", name), filepath.Join(v.dir, name)))
		}
	}
	link := filepath.Join(v.dir, "..data_tmp")
	check(os.Symlink(version, link))
	check(os.Rename(link, filepath.Join(v.dir, "..data")))
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// New connections get a replaced certificate without a signal and without a change of the
// configuration. Invalid and missing files change nothing.
func TestCertificateFilesAreReadAgain(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	first, second := beamtest.NewTLSFiles(t), beamtest.NewTLSFiles(t)
	volume := &kubernetesVolume{dir: t.TempDir()}
	pair := func(cert, key string) map[string][]byte {
		return map[string][]byte{"cert.pem": read(t, cert), "key.pem": read(t, key)}
	}
	volume.replace(t, pair(first.NodeCert, first.NodeKey))
	g := launch(t, configFor(epmd)+fmt.Sprintf("\ntls: {cert_file: %[1]s/cert.pem, key_file: %[1]s/key.pem}\n", volume.dir))

	presents := func(authority string) bool {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(g.url, "https://"), trustingAuthority(t, authority))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	refusals := func() int { return strings.Count(g.log.String(), "configuration refused, the former one stays") }

	if !presents(first.CA) {
		t.Fatal("the first certificate is not presented")
	}
	volume.replace(t, pair(second.NodeCert, first.NodeKey))
	eventually(t, "a key of another certificate is refused", func() bool { return refusals() == 1 })
	if !presents(first.CA) {
		t.Error("bad files have replaced the certificate")
	}
	volume.replace(t, pair(second.NodeCert, second.NodeKey))
	eventually(t, "the second certificate is presented", func() bool { return presents(second.CA) })
	reloads := func() int { return strings.Count(g.log.String(), "configuration reloaded") }
	eventually(t, "the reload is logged", func() bool { return reloads() > 0 })
	if refusals() != 1 || reloads() != 1 {
		t.Errorf("more has happened than two changes:\n%s", g.log)
	}
}
