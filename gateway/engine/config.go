package engine

import (
	"cmp"
	"errors"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the part of an application's section that concerns its operations.
type Config struct {
	// Timeout bounds one operation, from the request read to the answer. 30s unless set.
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`
	// ExposeErrors shows clients why an operation failed on the node: exceptions with
	// their stack traces. For development.
	ExposeErrors bool `yaml:"expose_errors" env:"EXPOSE_ERRORS"`
	// ErrorExtensions moves members of errors besides message, locations and path under
	// extensions, as the specification wants it.
	ErrorExtensions bool `yaml:"error_extensions" env:"ERROR_EXTENSIONS"`
	// MaskErrors hides the errors of resolvers from clients, unless they have a code, and
	// logs them instead.
	MaskErrors bool `yaml:"mask_errors" env:"MASK_ERRORS"`
	// DocumentLimits refuse documents before a call.
	DocumentLimits DocumentLimits `yaml:"document_limits" envPrefix:"DOCUMENT_LIMITS_"`
	// PersistedQueries is "automatic", which is the default, or "off".
	PersistedQueries string `yaml:"persisted_queries" env:"PERSISTED_QUERIES"`
	// Share is "on", "dry_run", which only counts, or "off", which is the default: equal
	// queries in flight at the same time run once.
	Share string `yaml:"share" env:"SHARE"`
	// Subscriptions bounds subscriptions, which are served where there is a pubsub module.
	Subscriptions SubscriptionConfig `yaml:"subscriptions" envPrefix:"SUBSCRIPTIONS_"`

	Trusted TrustedConfig `yaml:"trusted_documents" envPrefix:"TRUSTED_DOCUMENTS_"`
}

// Values of [Config.PersistedQueries].
const (
	persistedAutomatic = "automatic"
	persistedOff       = "off"
)

// Values of [Config.Share].
const (
	shareOn     = "on"
	shareDryRun = "dry_run"
	shareOff    = "off"
)

// Shares reports whether requests may get the answers of others.
func (c *Config) Shares() bool { return c.Share != shareOff }

// SetDefaults fills what was left out.
func (c *Config) SetDefaults() {
	c.Trusted.setDefaults()
	c.Subscriptions.setDefaults()
	c.PersistedQueries = cmp.Or(c.PersistedQueries, persistedAutomatic)
	c.Share = cmp.Or(c.Share, shareOff)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
}

// Validate reports everything that is wrong with the section, by key.
func (c *Config) Validate() error {
	return errors.Join(
		keypath.OneOf("persisted_queries", c.PersistedQueries, persistedAutomatic, persistedOff),
		keypath.OneOf("share", c.Share, shareOn, shareDryRun, shareOff),
		keypath.NotNegative("timeout", c.Timeout, "a time, such as 30s"),
		keypath.In(c.DocumentLimits.Validate(), "document_limits"),
		keypath.In(c.Subscriptions.validate(), "subscriptions"),
		keypath.In(c.Trusted.validate(), "trusted_documents"))
}
