package ratelimit

import (
	"net/netip"
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
	// Limit operations may be run in Per.
	Limit int
	Per   time.Duration
	// Remaining may be run now; it takes Wait until there is one more.
	Remaining int
	Wait      time.Duration
	// Refused: the operation was one too many for this rule.
	Refused bool
}

// Arrive counts a request by those rules for which its address is enough, before
// it is known who asks for what. They appended to quotas, and it may not be admitted.
func (l *Limiter) Arrive(quotas []Quota, address netip.Addr) (_ []Quota, admitted bool) {
	if l == nil || len(l.arrival) == 0 {
		return quotas, true
	}
	return l.charge(quotas, &Caller{Address: address}, "", l.arrival)
}

// Operation counts an operation by the other rules; and by those of Arrive as well,
// if it has not arrived as the first of its request. kind is query for what is
// certainly one.
func (l *Limiter) Operation(quotas []Quota, c *Caller, kind string, arrived bool) (_ []Quota, admitted bool) {
	switch {
	case l == nil:
		return quotas, true
	case arrived:
		return l.charge(quotas, c, kind, l.others)
	}
	return l.charge(quotas, c, kind, l.arrival, l.others)
}

func (l *Limiter) charge(quotas []Quota, c *Caller, kind string, lists ...[]rule) (_ []Quota, admitted bool) {
	var (
		charges []charge
		names   []string
	)
	for _, rules := range lists {
		for i := range rules {
			if r := &rules[i]; r.appliesTo(kind) {
				charges = append(charges, charge{key: r.key(c), limit: r.Limit, per: r.Per})
				names = append(names, r.policy)
			}
		}
	}
	if len(charges) == 0 {
		return quotas, true
	}
	admitted = l.store.charge(charges)
	for i, c := range charges {
		q := Quota{Policy: names[i], Limit: c.limit, Per: c.per, Refused: !c.count.admits(c.limit, c.per)}
		if admitted {
			c.count.current++
		}
		q.Remaining = c.count.remaining(c.limit, c.per)
		q.Wait = c.count.wait(q.Remaining+1, c.limit, c.per)
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
