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
	validate(at string, trusted bool) error
	// open makes the method. It reads the files and secrets that the section names.
	open(at string, with opening) (method, error)
}

// opening is what methods are made with.
type opening struct {
	keySets []*jwt.Remote // that other methods hold
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
