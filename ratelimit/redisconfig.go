package ratelimit

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/louche-graphql/louche/internal/certs"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// RedisConfig is the redis section: the server with the counters that gateways share.
type RedisConfig struct {
	// Address is host:port of one server. Empty: counters are in memory.
	Address  string        `yaml:"address"`
	Username string        `yaml:"username"`
	Password secret.Source `yaml:"password"`
	Database int           `yaml:"database"`
	TLS      RedisTLS      `yaml:"tls"`
	// Prefix is the prefix of the keys; the default is "louche:".
	Prefix string `yaml:"prefix"`
}

// RedisTLS is true in the configuration, or {ca_file: PATH} with CA certificates (PEM) that
// replace the system's.
type RedisTLS struct {
	Enabled bool
	CAFile  string
}

// UnmarshalYAML reads either form.
func (t *RedisTLS) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&t.Enabled) == nil {
		return nil
	}
	var keys map[string]string
	if unmarshal(&keys) != nil || len(keys) != 1 || keys["ca_file"] == "" {
		return errors.New("redis.tls is true or {ca_file: PATH}")
	}
	*t = RedisTLS{Enabled: true, CAFile: keys["ca_file"]}
	return nil
}

// SetDefaults sets the defaults of missing keys.
func (c *RedisConfig) SetDefaults() {
	c.Prefix = cmp.Or(c.Prefix, "louche:")
}

// Validate returns the errors of the section, with their keys.
func (c *RedisConfig) Validate() error { return keypath.In(c.validate(), "redis") }

func (c *RedisConfig) validate() error {
	if c.Address == "" {
		if *c != (RedisConfig{Prefix: c.Prefix}) {
			return keypath.Errorf("address", "is needed, such as 127.0.0.1:6379")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(c.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || portErr != nil || number == 0 || strings.ContainsAny(host, "@/ "):
		return keypath.Errorf("address", "is host:port, such as 127.0.0.1:6379; user and password have keys of their own, redis.username and redis.password")
	case c.Database < 0:
		return keypath.Errorf("database", "is a number, such as 0")
	case c.Username != "" && !c.Password.IsSet():
		return keypath.Errorf("username", "needs redis.password")
	case c.Password.IsSet():
		return keypath.In(c.Password.Validate(), "password")
	}
	return nil
}

// CheckFiles returns the errors of the files and variables that the section names.
func (c *RedisConfig) CheckFiles() error {
	if c.Address == "" {
		return nil
	}
	_, _, err := c.readFiles()
	return err
}

func (c *RedisConfig) readFiles() (password string, encryption *tls.Config, err error) {
	var passwordErr error
	if c.Password.IsSet() {
		password, passwordErr = c.Password.Read()
		passwordErr = keypath.In(passwordErr, "redis", "password")
	}
	encryption, err = c.TLS.load(c.Address)
	return password, encryption, errors.Join(passwordErr, err)
}

// load reads the certificates; nil: TLS is off.
func (t RedisTLS) load(address string) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t.CAFile == "" {
		return cfg, nil
	}
	if cfg.RootCAs, err = certs.ReadAuthorities(t.CAFile); err != nil {
		return nil, keypath.In(err, "redis", "tls", "ca_file")
	}
	return cfg, nil
}
