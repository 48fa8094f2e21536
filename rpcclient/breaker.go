package rpcclient

import (
	"cmp"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/louche-graphql/louche/internal/keypath"
)

// BreakerConfig configures the ejection of nodes. A node is ejected, and gets no calls
// for a while, when far more of its calls fail than of the other nodes' calls.
// A failure is a lost connection, a refused process, or a timeout of [ErrAppTimeout] while
// the other nodes answer; a call that crashes or whose client gives it up is none.
type BreakerConfig struct {
	// Failures is the share of failed calls, 0 to 1, that opens the breaker, unless
	// the other nodes fail more than half as often. 0.5 unless set.
	Failures float64 `yaml:"failures" env:"FAILURES"`
	// Calls is the minimum number of calls in Window, on the node and on the others
	// together, for a comparison. 20 unless set.
	Calls uint32 `yaml:"calls" env:"CALLS"`
	// Window is the time over which calls are counted. 10s unless set.
	Window time.Duration `yaml:"window" env:"WINDOW"`
	// Open is the time without calls; a trial call follows. 5s unless set.
	Open time.Duration `yaml:"open" env:"OPEN"`
	// MaxEjected is the maximum share of ejected nodes, 0 to 1. While more breakers
	// are open, calls go to every node. The last available nodes get calls whatever
	// the share. 0.5 unless set.
	MaxEjected float64 `yaml:"max_ejected" env:"MAX_EJECTED"`
}

// SetDefaults sets the fields that are zero.
func (c *BreakerConfig) SetDefaults() {
	c.Failures = cmp.Or(c.Failures, 0.5)
	c.Calls = cmp.Or(c.Calls, 20)
	c.Window = cmp.Or(c.Window, 10*time.Second)
	c.Open = cmp.Or(c.Open, 5*time.Second)
	c.MaxEjected = cmp.Or(c.MaxEjected, 0.5)
}

// Validate reports everything that is wrong, with the keys.
func (c *BreakerConfig) Validate() error {
	var errs []error
	// These comparisons are false for NaN.
	if !(c.Failures >= 0 && c.Failures <= 1) {
		errs = append(errs, keypath.Errorf("failures", "is %v; write a share of calls from 0 to 1", c.Failures))
	}
	if !(c.MaxEjected >= 0 && c.MaxEjected <= 1) {
		errs = append(errs, keypath.Errorf("max_ejected", "is %v; write a share of nodes from 0 to 1", c.MaxEjected))
	}
	errs = append(errs,
		keypath.NotNegative("window", c.Window, "a time, such as 10s"),
		keypath.NotNegative("open", c.Open, "a time, such as 5s"))
	return keypath.In(errors.Join(errs...), "breaker")
}

// callCounts counts the calls that ended in the window.
type callCounts struct{ ended, failed uint32 }

// exceed reports whether at least this share of at least `enough` calls failed.
func (t callCounts) exceed(share float64, enough uint32) bool {
	return t.ended >= enough && float64(t.failed) >= share*float64(t.ended)
}

// breaker is the circuit breaker of one node. Its methods may be called under a lock,
// except logTransition.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	cfg  BreakerConfig
	name string
	log  *slog.Logger

	othersHealthy atomic.Bool // at the latest failure
	transition    atomic.Pointer[transition]
}

// transition is a change of state that is yet to be logged.
type transition struct{ from, to gobreaker.State }

// Results of calls for gobreaker.
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
		OnStateChange: func(_ string, from, to gobreaker.State) { // called under gobreaker's lock
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

func (b *breaker) ejects() bool { return b.State() != gobreaker.StateClosed }

func (b *breaker) counts() callCounts {
	b.State() // advances the window
	return countsOf(b.Counts())
}

// start asks for permission for a call. The caller passes done what the call's end
// says about the node, and whether the other nodes are healthy. nil: count gets that.
//
// gobreaker counts a call in the window in which it began, and ignores the end of a
// longer one, such as a call that passed its deadline. So while the breaker is closed,
// a call is counted when it ends.
func (b *breaker) start() (done func(h health, othersHealthy bool), err error) {
	if !b.ejects() {
		return nil, nil
	}
	settle, err := b.Allow()
	if err != nil {
		return nil, err
	}
	return func(h health, othersHealthy bool) {
		if h == failed && !othersHealthy { // the other nodes are no better
			h = healthy
		}
		settle(h.err())
	}, nil
}

func (b *breaker) count(h health, othersHealthy bool) {
	if b.ejects() {
		return // the call began before the breaker opened
	}
	if h == failed {
		b.othersHealthy.Store(othersHealthy)
	}
	if done, err := b.Allow(); err == nil {
		done(h.err())
	}
}

// logTransition logs a change of state. gobreaker reports it under its lock, where
// nothing may wait for a log.
func (b *breaker) logTransition() {
	if b.transition.Load() == nil {
		return
	}
	if c := b.transition.Swap(nil); c != nil {
		b.log.Warn("circuit breaker", "node", b.name, "from", c.from.String(), "to", c.to.String())
	}
}
