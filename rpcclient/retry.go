package rpcclient

import (
	"cmp"
	"errors"
	"sync"

	"github.com/louche-graphql/louche/internal/keypath"
)

// RetryConfig configures the retries of idempotent calls whose connection was lost.
// Other calls are never retried.
type RetryConfig struct {
	// Nodes is the maximum number of nodes that a call is sent to: 1 means no retry. 2
	// unless set.
	Nodes int `yaml:"nodes" env:"NODES"`
	// Budget is the maximum number of retries as a share of all calls, so that retries
	// cannot multiply an outage. 0.2 unless set.
	Budget float64 `yaml:"budget" env:"BUDGET"`
}

// SetDefaults sets the fields that are zero.
func (c *RetryConfig) SetDefaults() {
	c.Nodes = cmp.Or(c.Nodes, 2)
	c.Budget = cmp.Or(c.Budget, 0.2)
}

// Validate reports everything that is wrong, with the keys.
func (c *RetryConfig) Validate() error {
	var errs []error
	if c.Nodes < 0 {
		errs = append(errs, keypath.Errorf("nodes", "is %d; write a number of nodes, 1 for no retry", c.Nodes))
	}
	if !(c.Budget >= 0 && c.Budget <= 1) {
		errs = append(errs, keypath.Errorf("budget", "is %v; write a share of calls from 0 to 1", c.Budget))
	}
	return keypath.In(errors.Join(errs...), "retry")
}

// The reserve is for a node that dies with all its calls after little traffic.
const (
	initialBudget = 100
	maxBudget     = 1000
)

// budget is a retry budget: each call deposits its share, each retry withdraws 1.
type budget struct {
	share float64

	mu      sync.Mutex
	balance float64
}

func newBudget(share float64) *budget { return &budget{share: share, balance: initialBudget} }

func (b *budget) deposit() {
	b.mu.Lock()
	b.balance = min(b.balance+b.share, maxBudget)
	b.mu.Unlock()
}

func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.balance < 1 {
		return false
	}
	b.balance--
	return true
}
