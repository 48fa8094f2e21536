package rpcclient

import (
	"errors"
	"fmt"
	"sync"
)

// RetryConfig is when a call that was lost with its connection is sent to another
// node. It is for calls that are safe to run twice; others never are.
type RetryConfig struct {
	// Nodes is the most nodes that a call is sent to, the first included: 1 is
	// never again. 2 unless set.
	Nodes int `yaml:"nodes" env:"NODES"`
	// Budget is the most retries as a share of all calls, so that they cannot
	// multiply an outage. 0.2 unless set.
	Budget float64 `yaml:"budget" env:"BUDGET"`
}

// SetDefaults fills what was left out.
func (c *RetryConfig) SetDefaults() {
	if c.Nodes == 0 {
		c.Nodes = 2
	}
	if c.Budget == 0 {
		c.Budget = 0.2
	}
}

// Validate says everything that is wrong, naming the keys.
func (c *RetryConfig) Validate() error {
	var errs []error
	if c.Nodes < 0 {
		errs = append(errs, fmt.Errorf("retry.nodes is %d; write how many nodes a query is sent to at most, 1 for no second try", c.Nodes))
	}
	if !(c.Budget >= 0 && c.Budget <= 1) {
		errs = append(errs, fmt.Errorf("retry.budget is %v; write a share of calls from 0 to 1", c.Budget))
	}
	return errors.Join(errs...)
}

// A budget is begun with retryReserve and holds retryCeiling at most: a node that
// dies takes all its calls with it at once, also where there were few before.
const (
	initialBudget = 100
	maxBudget     = 1000
)

// budget is how many retries may be made now: each call adds its share, each
// retry takes one away.
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

// spend says whether one retry may be made.
func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.balance < 1 {
		return false
	}
	b.balance--
	return true
}
