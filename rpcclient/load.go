package rpcclient

import (
	"errors"
	"time"
)

// LoadConfig is how much is asked of a node, so that one that cannot keep up
// refuses what is too much at once instead of answering everything too late.
type LoadConfig struct {
	// InFlight is the most calls that one node has at once. 1000 unless set.
	InFlight int `yaml:"in_flight" env:"IN_FLIGHT"`
	// Queue is the most calls that wait for a place while every node has
	// InFlight. 100 unless set.
	Queue int `yaml:"queue" env:"QUEUE"`
	// QueueTime is the longest that one of them waits. 25ms unless set.
	QueueTime time.Duration `yaml:"queue_time" env:"QUEUE_TIME"`
	// Warmup is the time in which the share of a node that came up grows to that
	// of the others: it has code to load, and caches and connections to its
	// database to fill. 10s unless set.
	Warmup time.Duration `yaml:"warmup" env:"WARMUP"`
}

// SetDefaults fills what was left out.
func (c *LoadConfig) SetDefaults() {
	if c.InFlight == 0 {
		c.InFlight = 1000
	}
	if c.Queue == 0 {
		c.Queue = 100
	}
	if c.QueueTime == 0 {
		c.QueueTime = 25 * time.Millisecond
	}
	if c.Warmup == 0 {
		c.Warmup = 10 * time.Second
	}
}

// Validate says everything that is wrong, naming the keys.
func (c *LoadConfig) Validate() error {
	var errs []error
	if c.InFlight < 0 || c.Queue < 0 {
		errs = append(errs, errors.New("load.in_flight and load.queue are numbers of calls, such as 1000"))
	}
	if c.QueueTime < 0 || c.Warmup < 0 {
		errs = append(errs, errors.New("load.queue_time and load.warmup are times, such as 25ms"))
	}
	return errors.Join(errs...)
}
