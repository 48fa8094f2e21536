package ratelimit

import (
	"net/netip"
	"slices"
	"time"
)

// A Limiter holds an application's rules against its callers. nil has no rules.
// What was counted is in the store, by application and rule but for its limit: a
// limiter that follows another goes on where that was.
type Limiter struct {
	store   *Store
	arrival []rule // those that need to know nothing of an operation but the address
	others  []rule
}

// rule is one that has been given a name.
type rule struct {
	Rule
	policy string
	scope  string // what is counted, in this store
}

// New makes a limiter of rules that [Rules.Validate] accepts. app tells the
// application from others in the store.
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
		list := &l.others
		if r.By.what == byAddress && r.Kind == "" {
			list = &l.arrival
		}
		*list = append(*list, rule{r, policy, string(appendPart(nil, app)) + r.longName()})
	}
	return l
}

// A Quota is what a rule leaves to a caller.
type Quota struct {
	// Policy is the rule's name, such as identity-mutation. It comes from the
	// configuration alone.
	Policy string
	// Limit operations may be run in Window.
	Limit  int
	Window time.Duration
	// Remaining may be run now; it takes Reset until there is one more.
	Remaining int
	Reset     time.Duration
	// Refused reports that the operation was more than this rule admits. It takes
	// RetryAfter until it would be admitted; where Cost exceeds Limit, it never is.
	Refused    bool
	Cost       int
	RetryAfter time.Duration
}

// AllowRequest counts a request by those rules for which its address is enough, before
// it is known who asks for what. They appended to quotas, and it may not be admitted.
func (l *Limiter) AllowRequest(quotas []Quota, address netip.Addr) (_ []Quota, admitted bool) {
	if l == nil || len(l.arrival) == 0 {
		return quotas, true
	}
	return l.charge(quotas, l.applicable(nil, l.arrival, &Client{Address: address}, "", 1, 0))
}

// CountsRootFields reports whether a rule needs to know how many fields an operation
// has at its root.
func (l *Limiter) CountsRootFields() bool {
	counts := func(r rule) bool { return r.Cost == costRootFields }
	return l != nil && (slices.ContainsFunc(l.arrival, counts) || slices.ContainsFunc(l.others, counts))
}

// AllowOperation counts an operation by the other rules; and by those of AllowRequest as well,
// if it has not arrived as the first of its request. What arrived has counted as one
// there; the rest of its cost counts now. kind is query for what is certainly one.
func (l *Limiter) AllowOperation(quotas []Quota, c *Client, kind string, rootFields int, arrived bool) (_ []Quota, admitted bool) {
	if l == nil {
		return quotas, true
	}
	paid := 0
	if arrived {
		paid = 1
	}
	charges := l.applicable(nil, l.arrival, c, kind, rootFields, paid)
	return l.charge(quotas, l.applicable(charges, l.others, c, kind, rootFields, 0))
}

// applicable appends what the rules that apply to an operation charge for it, beyond
// what has been paid.
func (l *Limiter) applicable(charges []charge, rules []rule, c *Client, kind string, rootFields, paid int) []charge {
	for i := range rules {
		r := &rules[i]
		if cost := r.cost(rootFields) - paid; r.appliesTo(kind) && cost > 0 {
			charges = append(charges, charge{key: r.key(c), policy: r.policy, paid: paid, cost: cost, limit: r.Limit, per: r.Per})
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
		q := Quota{Policy: c.policy, Limit: c.limit, Window: c.per, Cost: c.paid + c.cost, Refused: !c.admitted()}
		if q.Refused {
			q.RetryAfter = c.count.wait(q.Cost, c.limit, c.per)
		}
		if admitted {
			c.count.current += int64(c.cost)
		}
		q.Remaining = c.count.remaining(c.limit, c.per)
		q.Reset = c.count.wait(q.Remaining+1, c.limit, c.per)
		quotas = append(quotas, q)
	}
	return quotas, admitted
}

// Shared says whether counters are shared with other gateways, and whether they are
// meant to be.
func (l *Limiter) Shared() (up, configured bool) {
	if l == nil || l.store.shared == nil {
		return false, false
	}
	return l.store.shared.up.Load(), true
}
