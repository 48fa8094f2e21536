package rpcclient

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// NodeConfig is the node section of the configuration: who this gateway is among
// Erlang nodes.
type NodeConfig struct {
	// Name is the full node name. It becomes an atom on every node connected to,
	// so it should stay the same over restarts, and differ between gateways.
	Name string `yaml:"name" env:"NAME"`
	// Cookie is the secret of the cluster, from the environment only.
	Cookie string `yaml:"-" env:"COOKIE"`
	// CookieFile holds the cookie; white space around it is ignored.
	CookieFile string `yaml:"cookie_file" env:"COOKIE_FILE"`
	// NetTickTime is the net_ticktime of the nodes; a silence of that length ends
	// a connection.
	NetTickTime time.Duration `yaml:"net_ticktime" env:"NET_TICKTIME"`
	// MaxAnswer is the largest answer of a node, in bytes. 128 MiB unless set.
	MaxAnswer int `yaml:"-"`
	// TLS is set where the nodes use inet_tls_dist.
	TLS TLSConfig `yaml:"tls" envPrefix:"TLS_"`
}

// TLSConfig is how this gateway speaks to nodes that use inet_tls_dist. It is
// off while CAFile is empty.
type TLSConfig struct {
	// CAFile holds the certificates, in PEM, that the nodes' are verified with.
	CAFile string `yaml:"ca_file" env:"CA_FILE"`
	// CertFile and KeyFile are this gateway's certificate and key, in PEM, for
	// nodes that verify their peer.
	CertFile string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string `yaml:"key_file" env:"KEY_FILE"`
	// ServerName is the name that the nodes' certificates are made out to, where
	// that is not the address dialled.
	ServerName string `yaml:"server_name" env:"SERVER_NAME"`
}

// SetDefaults fills what was left out. seed tells gateways on one host from each
// other, such as the address they listen on: together with the host's name it
// gives a node name that is the same after every restart.
func (c *NodeConfig) SetDefaults(seed string) {
	if c.Name == "" {
		host, _ := os.Hostname()
		sum := sha256.Sum256([]byte(host + " " + seed))
		c.Name = fmt.Sprintf("louche-%x@127.0.0.1", sum[:4])
	}
	if c.NetTickTime == 0 {
		c.NetTickTime = time.Minute
	}
}

// Validate says what is wrong with the section, naming the key.
func (c *NodeConfig) Validate() error {
	local, host, ok := strings.Cut(c.Name, "@")
	switch {
	case !ok || local == "" || host == "" || strings.Contains(host, "@"):
		return fmt.Errorf("node.name %q is not a node name; write name@host", c.Name)
	case !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > 255:
		return fmt.Errorf("node.name is longer than 255 characters")
	case c.NetTickTime < time.Second:
		return fmt.Errorf("node.net_ticktime %v is too short; the default of Erlang is 60s", c.NetTickTime)
	case (c.TLS.CertFile == "") != (c.TLS.KeyFile == ""):
		return errors.New("node.tls needs both cert_file and key_file, or neither")
	case c.TLS.CAFile == "" && c.TLS != (TLSConfig{}):
		return errors.New("node.tls needs ca_file, to verify the nodes' certificates")
	}
	return nil
}

// secret returns the cookie: from the environment, the file, or where Erlang
// itself looks.
func (c *NodeConfig) secret() (string, error) {
	cookie, file := c.Cookie, c.CookieFile
	if cookie == "" {
		home, _ := os.UserHomeDir()
		if file == "" && home != "" {
			file = filepath.Join(home, ".erlang.cookie")
		}
		b, err := os.ReadFile(file)
		switch {
		case c.CookieFile == "" && err != nil:
			return "", errors.New("no cookie: set RELEASE_COOKIE or node.cookie_file to the application's (releases/COOKIE in its release)")
		case err != nil:
			return "", fmt.Errorf("node.cookie_file: %w", err)
		}
		cookie = string(b)
	}
	cookie = strings.TrimSpace(cookie)
	if cookie == "" || strings.ContainsFunc(cookie, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the cookie is empty or has characters other than printable ASCII")
	}
	return cookie, nil
}

// config returns nil where TLS is off.
func (c TLSConfig) config() (*tls.Config, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("node.tls.ca_file: %w", err)
	}
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("node.tls.ca_file: no certificate in %s", c.CAFile)
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("node.tls: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
