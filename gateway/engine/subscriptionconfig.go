package engine

import (
	"cmp"
	"errors"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// SubscriptionConfig is the section subscriptions of an application.
type SubscriptionConfig struct {
	// PerIdentity is the most subscriptions of one identity, or of one address without an
	// identity. 100 unless set.
	PerIdentity int `yaml:"per_identity" env:"PER_IDENTITY"`
	// PerConnection is the most operations at once on one WebSocket. 100 unless set.
	PerConnection int `yaml:"per_connection" env:"PER_CONNECTION"`
	// Queue is the most results that wait for one client. Further ones are dropped. 64
	// unless set.
	Queue int `yaml:"queue" env:"QUEUE"`
	// Heartbeat is the longest silence of a stream. 12s unless set.
	Heartbeat time.Duration `yaml:"heartbeat" env:"HEARTBEAT"`
	// OnExpiry is what becomes of a client whose credentials expire: "end" (the default), its
	// subscriptions end with an error; "reconnect", it is asked to connect with new ones.
	OnExpiry string `yaml:"on_expiry" env:"ON_EXPIRY"`
}

const (
	onExpiryEnd       = "end"
	onExpiryReconnect = "reconnect"
)

func (c *SubscriptionConfig) setDefaults() {
	c.PerIdentity = cmp.Or(c.PerIdentity, 100)
	c.PerConnection = cmp.Or(c.PerConnection, 100)
	c.Queue = cmp.Or(c.Queue, 64)
	c.Heartbeat = cmp.Or(c.Heartbeat, 12*time.Second)
	c.OnExpiry = cmp.Or(c.OnExpiry, onExpiryEnd)
}

func (c *SubscriptionConfig) validate() error {
	return errors.Join(
		keypath.NotNegative("per_identity", c.PerIdentity, "a number, such as 100"),
		keypath.NotNegative("per_connection", c.PerConnection, "a number, such as 100"),
		keypath.NotNegative("queue", c.Queue, "a number of results, such as 64"),
		keypath.NotNegative("heartbeat", c.Heartbeat, "a time, such as 12s"),
		keypath.OneOf("on_expiry", c.OnExpiry, onExpiryEnd, onExpiryReconnect))
}
