package rpcclient

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// BreakerConfig is when a node is ejected, which means that it gets no calls for a
// while: when far more of its calls fail than of those on the other nodes. What
// counts as a failure is in [health].
type BreakerConfig struct {
	// Failures is the share of failed calls, 0 to 1, from which on the breaker
	// opens, unless the other nodes fail more than half as often. 0.5 unless set.
	Failures float64 `yaml:"failures" env:"FAILURES"`
	// Calls is how many calls there must have been in Window, on the node and on
	// the others together, for their shares of failures to be compared. 20 unless
	// set.
	Calls uint32 `yaml:"calls" env:"CALLS"`
	// Window is the time over which calls are counted. 10s unless set.
	Window time.Duration `yaml:"window" env:"WINDOW"`
	// Open is how long the node gets no calls; then one is tried. 5s unless set.
	Open time.Duration `yaml:"open" env:"OPEN"`
	// MaxEjected is the largest share of nodes, 0 to 1, that may be ejected at once.
	// While more breakers are open, calls go to every node, as if all were closed. So
	// they do to the last nodes that could be called, whatever the share. 0.5 unless
	// set.
	MaxEjected float64 `yaml:"max_ejected" env:"MAX_EJECTED"`
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
	if c.MaxEjected == 0 {
		c.MaxEjected = 0.5
	}
}

// Validate says everything that is wrong, naming the keys.
func (c *BreakerConfig) Validate() error {
	var errs []error
	// The comparisons are written so that NaN is refused, too.
	if !(c.Failures >= 0 && c.Failures <= 1) {
		errs = append(errs, fmt.Errorf("breaker.failures is %v; write a share of calls from 0 to 1", c.Failures))
	}
	if !(c.MaxEjected >= 0 && c.MaxEjected <= 1) {
		errs = append(errs, fmt.Errorf("breaker.max_ejected is %v; write a share of nodes from 0 to 1", c.MaxEjected))
	}
	if c.Window < 0 || c.Open < 0 {
		errs = append(errs, errors.New("breaker.window and breaker.open are times, such as 10s"))
	}
	return errors.Join(errs...)
}

// tally is how calls ended in the window.
type callCounts struct{ ended, failed uint32 }

// fails says whether at least this share of enough calls has failed.
func (t callCounts) exceed(share float64, enough uint32) bool {
	return t.ended >= enough && float64(t.failed) >= share*float64(t.ended)
}

// breaker says whether a node is ejected. Its methods may be called under a lock,
// but for report, which logs.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	cfg  BreakerConfig
	name string
	log  *slog.Logger

	othersHealthy atomic.Bool // as of the latest failure
	transition    atomic.Pointer[transition]
}

// change is one of a breaker's state that has not been logged yet.
type transition struct{ from, to gobreaker.State }

// What gobreaker is told about calls that are no successes.
var (
	errFailed    = errors.New("failed")
	errUncounted = errors.New("uncounted")
)

func newBreaker(name string, cfg BreakerConfig, log *slog.Logger) *breaker {
	b := &breaker{cfg: cfg, name: name, log: log}
	b.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Interval:     cfg.Window,
		BucketPeriod: cfg.Window / 10,
		Timeout:      cfg.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return b.othersHealthy.Load() && countsOf(c).exceed(cfg.Failures, cfg.Calls)
		},
		IsExcluded: func(err error) bool { return err == errUncounted },
		OnStateChange: func(_ string, from, to gobreaker.State) { // under gobreaker's lock
			if before := b.transition.Swap(nil); before != nil {
				from = before.from
			}
			b.transition.Store(&transition{from, to})
		},
	})
	return b
}

func countsOf(c gobreaker.Counts) callCounts {
	return callCounts{c.TotalSuccesses + c.TotalFailures, c.TotalFailures}
}

// ejects says whether the breaker keeps calls away, but for one that is tried.
func (b *breaker) ejects() bool { return b.State() != gobreaker.StateClosed }

// tally is how calls have ended in the window.
func (b *breaker) counts() callCounts {
	b.State() // moves the window on
	return countsOf(b.Counts())
}

// start asks whether a call may pass. If so, done must be told what its end says of
// the node, and whether the calls on other nodes are answered.
//
// gobreaker counts a call in the window in which it began, and would never hear
// of one that took longer than that, as those do that pass their deadline. So a
// call is counted when it ends, while the breaker is closed.
func (b *breaker) start() (done func(h health, othersHealthy bool), err error) {
	if !b.ejects() {
		return b.count, nil
	}
	settle, err := b.Allow()
	if err != nil {
		return nil, err
	}
	return func(h health, othersHealthy bool) {
		if h == failed && !othersHealthy { // the others are no better: this node may come back
			h = healthy
		}
		settle(h.err())
	}, nil
}

func (b *breaker) count(h health, othersHealthy bool) {
	if b.ejects() {
		return // how calls ended that began before it opened says nothing new
	}
	if h == failed {
		b.othersHealthy.Store(othersHealthy)
	}
	if done, err := b.Allow(); err == nil {
		done(h.err())
	}
}

// report logs a change of state. gobreaker tells of it under its lock, where nothing
// may wait for a log.
func (b *breaker) logTransition() {
	if b.transition.Load() == nil {
		return
	}
	if c := b.transition.Swap(nil); c != nil {
		b.log.Warn("circuit breaker", "node", b.name, "from", c.from.String(), "to", c.to.String())
	}
}
