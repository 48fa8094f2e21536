package rpcclient_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

func TestNodeConfigDefaults(t *testing.T) {
	defaults := func(seed string) rpcclient.NodeConfig {
		var cfg rpcclient.NodeConfig
		cfg.SetDefaults(seed)
		if err := cfg.Validate(); err != nil {
			t.Errorf("defaults are not valid: %v", err)
		}
		return cfg
	}
	cfg := defaults("127.0.0.1:4400")
	if !regexp.MustCompile(`^louche-[0-9a-f]{8}@127\.0\.0\.1$`).MatchString(cfg.Name) {
		t.Errorf("name %q", cfg.Name)
	}
	if cfg.NetTickTime != time.Minute {
		t.Errorf("net_ticktime %v", cfg.NetTickTime)
	}
	if again := defaults("127.0.0.1:4400"); again != cfg {
		t.Errorf("after a restart %+v, before %+v", again, cfg)
	}
	if other := defaults("127.0.0.1:4002"); other.Name == cfg.Name {
		t.Errorf("two gateways on one host are both called %s", cfg.Name)
	}
	set := rpcclient.NodeConfig{Name: "mine@10.0.0.1", NetTickTime: 5 * time.Second}
	want := set
	if set.SetDefaults("127.0.0.1:4400"); set != want {
		t.Errorf("%+v, want what was set, %+v", set, want)
	}
}

func TestNodeConfigValidate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*rpcclient.NodeConfig)
		want   string // part of the error; empty: no error
	}{
		{"IPv6", func(c *rpcclient.NodeConfig) { c.Name = "louche@fdaa:0:1::3" }, ""},
		{"longest name", func(c *rpcclient.NodeConfig) { c.Name = strings.Repeat("é", 250) + "@host" }, ""},
		{"too long a name", func(c *rpcclient.NodeConfig) { c.Name = strings.Repeat("a", 251) + "@host" }, "node.name"},
		{"name that is not UTF-8", func(c *rpcclient.NodeConfig) { c.Name = "louche\xff@host" }, "node.name"},
		{"no name", func(c *rpcclient.NodeConfig) { c.Name = "" }, "node.name"},
		{"no host", func(c *rpcclient.NodeConfig) { c.Name = "louche" }, "node.name"},
		{"empty host", func(c *rpcclient.NodeConfig) { c.Name = "louche@" }, "node.name"},
		{"empty local part", func(c *rpcclient.NodeConfig) { c.Name = "@host" }, "node.name"},
		{"two @", func(c *rpcclient.NodeConfig) { c.Name = "louche@host@host" }, "node.name"},
		{"tick time", func(c *rpcclient.NodeConfig) { c.NetTickTime = time.Second }, ""},
		{"no tick time", func(c *rpcclient.NodeConfig) { c.NetTickTime = 0 }, "node.net_ticktime"},
		{"negative tick time", func(c *rpcclient.NodeConfig) { c.NetTickTime = -time.Second }, "node.net_ticktime"},
		{"TLS", func(c *rpcclient.NodeConfig) { c.TLS = rpcclient.TLSConfig{CAFile: "ca"} }, ""},
		{"TLS with certificate", func(c *rpcclient.NodeConfig) {
			c.TLS = rpcclient.TLSConfig{CAFile: "ca", CertFile: "crt", KeyFile: "key"}
		}, ""},
		{"certificate without key", func(c *rpcclient.NodeConfig) { c.TLS = rpcclient.TLSConfig{CAFile: "ca", CertFile: "crt"} }, "key_file"},
		{"key without certificate", func(c *rpcclient.NodeConfig) { c.TLS = rpcclient.TLSConfig{CAFile: "ca", KeyFile: "key"} }, "cert_file"},
		{"certificate without authority", func(c *rpcclient.NodeConfig) { c.TLS = rpcclient.TLSConfig{CertFile: "crt", KeyFile: "key"} }, "ca_file"},
		{"server name without authority", func(c *rpcclient.NodeConfig) { c.TLS = rpcclient.TLSConfig{ServerName: "app"} }, "ca_file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := rpcclient.NodeConfig{Name: "louche@127.0.0.1", NetTickTime: time.Minute}
			tt.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

// A cookie file that others can read is refused, Erlang's own file included.
func TestCookieOfTheHomeDirectoryOpenToAll(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	file := filepath.Join(home, ".erlang.cookie")
	if err := os.WriteFile(file, []byte(beamtest.DefaultCookie), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	_, err := rpcclient.Start(rpcclient.NodeConfig{Name: "louche@127.0.0.1"}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), ".erlang.cookie has mode 0644") {
		t.Error(err)
	}
}

// Start reports the problems of files.
func TestStartWithBadFiles(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	openKey := beamtest.NewTLSFiles(t).ClientKey
	if err := os.Chmod(openKey, 0o644); err != nil {
		t.Fatal(err)
	}
	writableCA := beamtest.NewTLSFiles(t).CA
	if err := os.Chmod(writableCA, 0o664); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		tls  rpcclient.TLSConfig
		want string
	}{
		{"authority file that the group can change", rpcclient.TLSConfig{CAFile: writableCA}, "node.tls.ca_file: " + writableCA + " has mode 0664"},
		{"no authority file", rpcclient.TLSConfig{CAFile: "missing.crt"}, "node.tls.ca_file: open missing.crt"},
		{"authority without certificate", rpcclient.TLSConfig{CAFile: files.ClientKey}, "node.tls.ca_file: " + files.ClientKey + " contains no certificate"},
		{"no certificate file", rpcclient.TLSConfig{CAFile: files.CA, CertFile: "missing.crt", KeyFile: files.ClientKey}, "node.tls.cert_file: open missing.crt"},
		{"key open to all", rpcclient.TLSConfig{CAFile: files.CA, CertFile: files.ClientCert, KeyFile: openKey}, "node.tls.key_file: " + openKey + " has mode 0644"},
		{"key of another certificate", rpcclient.TLSConfig{CAFile: files.CA, CertFile: files.ClientCert, KeyFile: beamtest.NewTLSFiles(t).ClientKey}, "private key does not match"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rpcclient.Start(rpcclient.NodeConfig{Name: "louche@127.0.0.1", Cookie: "a-cookie", TLS: tt.tls}, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

func testCookieSources(t *testing.T, _ *beamtest.Node, target rpcclient.NodeAddr) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	home := filepath.Dir(write(".erlang.cookie", beamtest.DefaultCookie))
	for _, tt := range []struct {
		name         string
		home         string
		cookie, file string
	}{
		{"value", "", beamtest.DefaultCookie, ""},
		{"value before file", "", beamtest.DefaultCookie, write("cookie", "another-cookie")},
		{"file", "", "", write("cookie", beamtest.DefaultCookie)},
		{"file with line feed", "", "", write("cookie", beamtest.DefaultCookie+"\r\n")},
		{"home directory", home, "", ""},
		{"file before home directory", filepath.Dir(write(".erlang.cookie", "another-cookie")), "", write("cookie", beamtest.DefaultCookie)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", tt.home)
			gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.Cookie, cfg.CookieFile = secret.Text(tt.cookie), tt.file })
			checkHello(t, gw.pool(t, rpcclient.PoolConfig{}, target))
			gw.Stop()
		})
	}
}

func TestBadCookies(t *testing.T) {
	const value = "s3cret-cookie"
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "cookie")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := func(path string) string {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name         string
		cookie, file string
		want         []string // all are part of the error
	}{
		{"none", "", "", []string{"no cookie", "RELEASE_COOKIE", "node.cookie_file"}},
		{"missing file", "", "missing/cookie", []string{"node.cookie_file", "missing/cookie"}},
		{"empty file", "", file("\n"), []string{"cookie is empty"}},
		{"nocookie", "nocookie", "", []string{"nocookie", "openssl rand"}},
		{"short", "s3cret-", "", []string{"fewer than 8", "openssl rand"}},
		{"short in a file", "", file("s3cret-\n"), []string{"fewer than 8"}},
		{"open to all", "", open(file(value)), []string{"node.cookie_file", "0644", "chmod 600"}},
		{"space", value + " x", "", []string{"printable ASCII"}},
		{"line feed inside", "", file(value + "\n" + value), []string{"printable ASCII"}},
		{"control character", value + "\x00", "", []string{"printable ASCII"}},
		{"not ASCII", "", file(value + "ü"), []string{"printable ASCII"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			cfg := rpcclient.NodeConfig{Name: "louche@127.0.0.1", Cookie: secret.Text(tt.cookie), CookieFile: tt.file}
			_, err := rpcclient.Start(cfg, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v holds the cookie", err)
			}
		})
	}
}
