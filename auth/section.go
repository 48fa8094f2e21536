package auth

import (
	"log/slog"

	"github.com/louche-graphql/louche/auth/jwt"
)

// section is the configuration of a method.
type section interface {
	setDefaults()
	// validate says what is wrong with it. at is where it is in the configuration,
	// such as auth.methods[0].api_keys.
	validate(keyPath string, trusted bool) error
	// open makes the method. It reads the files and secrets that the section names.
	newMethod(keyPath string, with methodDependencies) (method, error)
}

// methodDependencies is what methods are made with.
type methodDependencies struct {
	keySets []*jwt.RemoteKeySet // that other methods hold
	log     *slog.Logger
}

// sections are those that are set, by key.
func (c *MethodConfig) sections() map[string]section {
	set := make(map[string]section)
	if c.JWT != nil {
		set["jwt"] = c.JWT
	}
	if c.PhoenixToken != nil {
		set["phoenix_token"] = c.PhoenixToken
	}
	if c.APIKeys != nil {
		set["api_keys"] = c.APIKeys
	}
	if c.ClientCertificate != nil {
		set["client_certificate"] = c.ClientCertificate
	}
	if c.ProxyHeaders != nil {
		set["proxy_headers"] = c.ProxyHeaders
	}
	return set
}
