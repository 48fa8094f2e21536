package auth

import (
	"log/slog"
	"maps"
	"reflect"

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
	sections := map[string]section{
		"jwt":                c.JWT,
		"phoenix_token":      c.PhoenixToken,
		"api_keys":           c.APIKeys,
		"client_certificate": c.ClientCertificate,
		"proxy_headers":      c.ProxyHeaders,
	}
	maps.DeleteFunc(sections, func(_ string, s section) bool { return reflect.ValueOf(s).IsNil() })
	return sections
}
