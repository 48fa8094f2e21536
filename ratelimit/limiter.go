// Package ratelimit limits the operations of each client.
//
// A rule allows a number of operations in a time window, for each address, identity or
// value of a claim. Counters are in a [Store]: in Redis if it is configured, shared by all
// gateways, and in memory otherwise. The package must never know HTTP or GraphQL.
package ratelimit

import (
	"net/netip"
	"slices"
	"time"
)

// A Limiter applies the rules of one application. nil has no rules. Its counters are in the
// store, by application and rule without the limit: a limiter made after a reload continues
// with the counts of the former one.
type Limiter struct {
	store          *Store
	addressRules   []rule // need only the client's address
	operationRules []rule
}

// rule is a [Rule] with a name.
type rule struct {
	Rule
	policy string
	scope  string // of its counters in the store
}

// New returns a limiter for rules that [Rules.Validate] accepts. app identifies the
// application in the store.
func New(app string, rules Rules, store *Store) *Limiter {
	l := &Limiter{store: store}
	named := make(map[string]int)
	for _, r := range rules {
		named[r.name()]++
	}
	for _, r := range rules {
		policy := r.name()
		if named[policy] > 1 {
			policy = r.longName()
		}
		list := &l.operationRules
		if r.By.attribute == byAddress && r.Kind == "" {
			list = &l.addressRules
		}
		*list = append(*list, rule{r, policy, string(appendPart(nil, app)) + r.longName()})
	}
	return l
}

// A Quota is the state of a rule for one client.
type Quota struct {
	// Policy is the rule's name, such as identity-mutation. It derives from the
	// configuration alone.
	Policy string
	// Limit is the number of operations in Window.
	Limit  int
	Window time.Duration
	// Remaining is the number of operations left; Reset is the time until one more is.
	Remaining int
	Reset     time.Duration
	// Refused reports that this rule refused the operation. It would admit it after
	// RetryAfter; if Cost exceeds Limit, it never does.
	Refused    bool
	Cost       int
	RetryAfter time.Duration
}

// AllowRequest charges a request by the rules that need only the client's address, before
// the client is authenticated. It appends their quotas and reports whether they admit the
// request.
func (l *Limiter) AllowRequest(quotas []Quota, address netip.Addr) (_ []Quota, admitted bool) {
	if l == nil || len(l.addressRules) == 0 {
		return quotas, true
	}
	return l.charge(quotas, l.applicable(nil, l.addressRules, &Client{Address: address}, "", 1, 0))
}

// Seconds returns a time in whole seconds for a client to wait: at least one.
func Seconds(wait time.Duration) int { return max(1, int((wait+time.Second-1)/time.Second)) }

// CountsRootFields reports whether a rule needs the number of an operation's root fields.
func (l *Limiter) CountsRootFields() bool {
	counts := func(r rule) bool { return r.Cost == costRootFields }
	return l != nil && (slices.ContainsFunc(l.addressRules, counts) || slices.ContainsFunc(l.operationRules, counts))
}

// AllowOperation charges an operation by all rules. AllowRequest has charged a cost of one
// for the first operation of each request; only the rest of its cost is charged again. kind
// is "query" for operations that are certainly queries. AllowOperation appends the quotas
// and reports whether all rules admit the operation.
func (l *Limiter) AllowOperation(quotas []Quota, c *Client, kind string, rootFields int, first bool) (_ []Quota, admitted bool) {
	if l == nil {
		return quotas, true
	}
	paid := 0
	if first {
		paid = 1
	}
	charges := l.applicable(nil, l.addressRules, c, kind, rootFields, paid)
	return l.charge(quotas, l.applicable(charges, l.operationRules, c, kind, rootFields, 0))
}

// applicable appends the charges of the rules that apply to an operation, beyond what is
// paid.
func (l *Limiter) applicable(charges []charge, rules []rule, c *Client, kind string, rootFields, paid int) []charge {
	for i := range rules {
		r := &rules[i]
		if cost := r.cost(rootFields) - paid; r.appliesTo(kind) && cost > 0 {
			charges = append(charges, charge{key: r.key(c), policy: r.policy, paid: paid, cost: cost, limit: r.Limit, window: r.Per})
		}
	}
	return charges
}

func (l *Limiter) charge(quotas []Quota, charges []charge) (_ []Quota, admitted bool) {
	if len(charges) == 0 {
		return quotas, true
	}
	admitted = l.store.charge(charges)
	for _, c := range charges {
		q := Quota{Policy: c.policy, Limit: c.limit, Window: c.window, Cost: c.paid + c.cost, Refused: !c.admitted()}
		if q.Refused {
			q.RetryAfter = c.count.wait(q.Cost, c.limit, c.window)
		}
		if admitted {
			c.count.current += int64(c.cost)
		}
		q.Remaining = c.count.remaining(c.limit, c.window)
		q.Reset = c.count.wait(q.Remaining+1, c.limit, c.window)
		quotas = append(quotas, q)
	}
	return quotas, admitted
}

// RedisState reports whether Redis holds the counters now, and whether it is configured.
func (l *Limiter) RedisState() (up, configured bool) {
	if l == nil || l.store.redis == nil {
		return false, false
	}
	return l.store.redis.up.Load(), true
}
