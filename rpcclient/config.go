package rpcclient

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/louche-graphql/louche/internal/certs"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Secret is a text that fmt, slog and the encoders of JSON and YAML print as a placeholder.
type Secret = secret.Text

// netTickTime is Erlang's default of net_ticktime.
const netTickTime = time.Minute

// NodeConfig configures the Erlang node of this process. The gateway reads it from the
// section node of its configuration.
type NodeConfig struct {
	// Name is the full node name. It becomes an atom on every connected node. It
	// should survive restarts and must differ between gateways.
	Name string `yaml:"name" env:"NAME"`
	// Cookie is the secret of the cluster. Without it and CookieFile, the node uses
	// ~/.erlang.cookie. The gateway's configuration takes it from the environment only.
	Cookie Secret `yaml:"-" env:"COOKIE"`
	// CookieFile holds the cookie, without surrounding white space. Only its owner and
	// group may have access to it.
	CookieFile string `yaml:"cookie_file" env:"COOKIE_FILE"`
	// NetTickTime is the net_ticktime of the nodes. A node that is silent for so long
	// is disconnected. 60s unless set.
	NetTickTime time.Duration `yaml:"net_ticktime" env:"NET_TICKTIME"`
	// MaxMessage is the maximum size of one message of a node, in bytes. 128 MiB
	// unless set.
	MaxMessage int `yaml:"-"`
	// Memory bounds the bytes of all received messages, MaxReassembly those that
	// arrive from one node at a time. Zero: no bounds.
	Memory        erldist.Memory `yaml:"-"`
	MaxReassembly int            `yaml:"-"`
	// TLS configures inet_tls_dist.
	TLS TLSConfig `yaml:"tls" envPrefix:"TLS_"`
}

// TLSConfig configures distribution over TLS, as inet_tls_dist. An empty CAFile turns
// TLS off.
type TLSConfig struct {
	// CAFile holds the certificate authorities of the nodes, in PEM.
	CAFile string `yaml:"ca_file" env:"CA_FILE"`
	// CertFile and KeyFile are the gateway's own certificate and key, in PEM, for
	// nodes that verify their peers.
	CertFile string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string `yaml:"key_file" env:"KEY_FILE"`
	// ServerName is the name in the nodes' certificates. Empty: the address dialled.
	ServerName string `yaml:"server_name" env:"SERVER_NAME"`
}

// SetDefaults sets the fields that are zero. The default name is made of the host's
// name and seed, and so survives restarts. seed differs between gateways of one host,
// such as the listen address.
func (c *NodeConfig) SetDefaults(seed string) {
	if c.Name == "" {
		host, _ := os.Hostname()
		sum := sha256.Sum256([]byte(host + " " + seed))
		c.Name = fmt.Sprintf("louche-%x@127.0.0.1", sum[:4])
	}
	c.NetTickTime = cmp.Or(c.NetTickTime, netTickTime)
}

// Validate reports everything that is wrong, with the keys.
func (c *NodeConfig) Validate() error {
	local, host, ok := strings.Cut(c.Name, "@")
	var errs []error
	if !ok || local == "" || host == "" || strings.Contains(host, "@") {
		errs = append(errs, keypath.Errorf("name", "is not a node name; write name@host"))
	}
	if !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > 255 {
		errs = append(errs, keypath.Errorf("name", "is longer than 255 characters, or not UTF-8"))
	}
	if c.NetTickTime < time.Second {
		errs = append(errs, keypath.Errorf("net_ticktime", "%v is too short; the default of Erlang is 60s", c.NetTickTime))
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		errs = append(errs, keypath.Errorf("tls", "needs both cert_file and key_file, or neither"))
	}
	if c.TLS.CAFile == "" && c.TLS != (TLSConfig{}) {
		errs = append(errs, keypath.Errorf("tls", "needs ca_file, to verify the nodes' certificates"))
	}
	if c.Cookie != "" {
		if err := checkCookie(strings.TrimSpace(string(c.Cookie))); err != nil {
			errs = append(errs, keypath.In(err, "cookie"))
		}
	}
	return keypath.In(errors.Join(errs...), "node")
}

// minCookie is the minimum length of a cookie, in characters. It rules out guessable
// cookies; only a random one withstands a search.
const minCookie = 8

const cookieHint = "give the nodes and the gateway a random one, such as openssl rand -hex 32 prints"

// cookie returns the cookie of the environment, of CookieFile, or of Erlang's own
// file.
func (c *NodeConfig) cookie() (string, error) {
	cookie := strings.TrimSpace(string(c.Cookie))
	if c.Cookie == "" {
		var err error
		if cookie, err = c.readCookieFile(); err != nil {
			return "", err
		}
	}
	err := checkCookie(cookie)
	if err != nil && c.CookieFile != "" && c.Cookie == "" {
		err = keypath.In(err, "node", "cookie_file")
	}
	return cookie, err
}

// CheckFiles reports problems of the TLS files.
func (c *NodeConfig) CheckFiles() error {
	_, err := c.TLS.config()
	return err
}

// CheckCookie reports problems of the cookie.
func (c *NodeConfig) CheckCookie() error {
	_, err := c.cookie()
	return err
}

func checkCookie(cookie string) error {
	switch {
	case cookie == "" || strings.ContainsFunc(cookie, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the cookie is empty or has characters other than printable ASCII")
	case cookie == "nocookie":
		return errors.New("the cookie is nocookie, Erlang's word for no cookie; " + cookieHint)
	case len(cookie) < minCookie:
		return fmt.Errorf("the cookie has fewer than %d characters, and a guessed cookie gives full control of the nodes; %s", minCookie, cookieHint)
	}
	return nil
}

func (c *NodeConfig) readCookieFile() (string, error) {
	file := c.CookieFile
	if home, _ := os.UserHomeDir(); file == "" && home != "" {
		file = filepath.Join(home, ".erlang.cookie")
	}
	cookie, err := secret.ReadFile(file)
	switch {
	case c.CookieFile == "" && (file == "" || errors.Is(err, fs.ErrNotExist)):
		return "", errors.New("no cookie: set RELEASE_COOKIE or node.cookie_file to the application's (releases/COOKIE in its release)")
	case c.CookieFile == "" && err != nil:
		return "", fmt.Errorf("the cookie: %w", err)
	case err != nil:
		return "", keypath.In(err, "node", "cookie_file")
	}
	return strings.TrimSpace(string(cookie)), nil
}

// config returns nil if TLS is off.
func (c TLSConfig) config() (*tls.Config, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	authorities, err := certs.ReadAuthorities(c.CAFile)
	if err != nil {
		return nil, keypath.In(err, "node", "tls", "ca_file")
	}
	cfg := &tls.Config{RootCAs: authorities, ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if c.CertFile != "" {
		pair, err := certs.ReadKeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, keypath.In(err, "node", "tls")
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
