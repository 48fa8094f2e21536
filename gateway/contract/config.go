package contract

import (
	"cmp"
	"errors"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the section contract of an application.
type Config struct {
	// SDL says where the schema is served at {path}/schema.graphql: admin, on the
	// operators' listener alone; public, on both; or off. admin unless set.
	SDL string `yaml:"sdl" env:"SDL"`
	// Validation says what happens to operations that fit the schema of no node: off;
	// report counts and logs where Absinthe runs one all the same; enforce refuses them
	// without a call. off unless set.
	Validation string `yaml:"validate" env:"VALIDATE"`
	// Pin sends an operation only to nodes whose schema it fits, where nodes have
	// different ones.
	Pin bool `yaml:"pin" env:"PIN"`
	// Usage counts which fields and arguments clients use.
	Usage bool `yaml:"usage" env:"USAGE"`
	// Publishes reports whether mutations reach subscribers. Otherwise a schema with
	// subscriptions is logged.
	Publishes bool `yaml:"-"`
}

// Values of [Config.SDL].
const (
	SDLOff    = "off"
	SDLAdmin  = "admin"
	SDLPublic = "public"
)

// Values of [Config.Validation].
const (
	validationOff     = "off"
	validationReport  = "report"
	validationEnforce = "enforce"
)

// SetDefaults fills what was left out.
func (c *Config) SetDefaults() {
	c.SDL = cmp.Or(c.SDL, SDLAdmin)
	c.Validation = cmp.Or(c.Validation, validationOff)
}

// Validate reports what is wrong with the section, by key.
func (c *Config) Validate() error {
	return keypath.In(errors.Join(
		keypath.OneOf("sdl", c.SDL, SDLOff, SDLAdmin, SDLPublic),
		keypath.OneOf("validate", c.Validation, validationOff, validationReport, validationEnforce),
	), "contract")
}
