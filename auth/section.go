package auth

import (
	"log/slog"

	"github.com/louche-graphql/louche/auth/jwt"
)

// section is the configuration of a method.
type section interface {
	setDefaults()
	// validate reports what is wrong with the section. hasProxies says whether
	// trusted_proxies is set.
	validate(hasProxies bool) error
	// newMethod returns the method. It reads the files and secrets that the section names.
	newMethod(deps methodDependencies) (method, error)
}

// methodDependencies are shared by methods.
type methodDependencies struct {
	keySets []*jwt.RemoteKeySet // of other methods, for reuse
	log     *slog.Logger
	offline bool // read files and secrets only: the method is not used
}

// sections returns the sections that are set, by key.
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
