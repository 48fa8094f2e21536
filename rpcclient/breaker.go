package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/louche-graphql/louche/rpcclient/dist"
)

// BreakerConfig is when a node is left alone for a while. What counts as a
// failure: a lost connection, a deadline that passed, a call that crashed. What
// does not: errors that GraphQL answers with, answers that are too large, and
// clients that left.
type BreakerConfig struct {
	// Failures is the share of failed calls, 0 to 1, from which on the breaker
	// opens. 0.5 unless set.
	Failures float64 `yaml:"failures" env:"FAILURES"`
	// Calls is how many calls there must have been in Window for their share of
	// failures to mean anything. 20 unless set.
	Calls uint32 `yaml:"calls" env:"CALLS"`
	// Window is the time over which calls are counted. 10s unless set.
	Window time.Duration `yaml:"window" env:"WINDOW"`
	// Open is how long the node gets no calls; then one is tried. 5s unless set.
	Open time.Duration `yaml:"open" env:"OPEN"`
}

// SetDefaults fills what was left out.
func (c *BreakerConfig) SetDefaults() {
	if c.Failures == 0 {
		c.Failures = 0.5
	}
	if c.Calls == 0 {
		c.Calls = 20
	}
	if c.Window == 0 {
		c.Window = 10 * time.Second
	}
	if c.Open == 0 {
		c.Open = 5 * time.Second
	}
}

// Validate says everything that is wrong, naming the keys.
func (c *BreakerConfig) Validate() error {
	var errs []error
	if c.Failures < 0 || c.Failures > 1 {
		errs = append(errs, fmt.Errorf("breaker.failures is %v; write a share of calls from 0 to 1", c.Failures))
	}
	if c.Window < 0 || c.Open < 0 {
		errs = append(errs, errors.New("breaker.window and breaker.open are times, such as 10s"))
	}
	return errors.Join(errs...)
}

// breaker says whether a node is left alone.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
}

func newBreaker(name string, cfg BreakerConfig, log *slog.Logger) breaker {
	return breaker{gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         name,
		Interval:     cfg.Window,
		BucketPeriod: cfg.Window / 10,
		Timeout:      cfg.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			ended := c.TotalSuccesses + c.TotalFailures
			return ended >= cfg.Calls && float64(c.TotalFailures) >= cfg.Failures*float64(ended)
		},
		IsExcluded: func(err error) bool {
			var large *dist.TooLargeError
			return errors.Is(err, context.Canceled) || errors.As(err, &large)
		},
		OnStateChange: func(node string, from, to gobreaker.State) {
			log.Warn("circuit breaker", "node", node, "from", from.String(), "to", to.String())
		},
	})}
}

// state is closed, open or half-open.
func (b breaker) state() string { return b.State().String() }

// start asks whether a call may pass. If so, done must be told how it ended.
//
// gobreaker counts a call in the window in which it began, and would never hear
// of one that took longer than that, as those do that pass their deadline. So a
// call is counted when it ends, while the breaker is closed.
func (b breaker) start() (done func(error), err error) {
	if b.State() == gobreaker.StateClosed {
		return b.count, nil
	}
	return b.Allow()
}

func (b breaker) count(result error) {
	if b.State() != gobreaker.StateClosed {
		return // how calls ended that began before it opened says nothing new
	}
	if done, err := b.Allow(); err == nil {
		done(result)
	}
}
