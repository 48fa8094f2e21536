package rpcclient

import (
	"cmp"
	"errors"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// LoadConfig bounds the load of nodes. An overloaded node refuses excess calls at once
// instead of answering all of them late.
type LoadConfig struct {
	// InFlight is the maximum number of calls in flight on one node. 1000 unless set.
	InFlight int `yaml:"in_flight" env:"IN_FLIGHT"`
	// Queue is the maximum number of calls that wait while every node is full. 100
	// unless set.
	Queue int `yaml:"queue" env:"QUEUE"`
	// QueueTime is the maximum time in the queue. 25ms unless set.
	QueueTime time.Duration `yaml:"queue_time" env:"QUEUE_TIME"`
	// Warmup is the time in which a started node's share of calls grows to the full
	// share. The node loads code, fills caches and connects to its database meanwhile.
	// 10s unless set.
	Warmup time.Duration `yaml:"warmup" env:"WARMUP"`
}

// SetDefaults sets the fields that are zero.
func (c *LoadConfig) SetDefaults() {
	c.InFlight = cmp.Or(c.InFlight, 1000)
	c.Queue = cmp.Or(c.Queue, 100)
	c.QueueTime = cmp.Or(c.QueueTime, 25*time.Millisecond)
	c.Warmup = cmp.Or(c.Warmup, 10*time.Second)
}

// Validate reports everything that is wrong, with the keys.
func (c *LoadConfig) Validate() error {
	return keypath.In(errors.Join(
		keypath.NotNegative("in_flight", c.InFlight, "a number of calls, such as 1000"),
		keypath.NotNegative("queue", c.Queue, "a number of calls, such as 1000"),
		keypath.NotNegative("queue_time", c.QueueTime, "a time, such as 25ms"),
		keypath.NotNegative("warmup", c.Warmup, "a time, such as 10s"),
	), "load")
}
