package ratelimit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rules are the rate_limits section of an application. Every one that applies to
// an operation is checked; an operation that one refuses counts for none.
type Rules []Rule

// A Rule allows Limit operations in Per for each of By.
type Rule struct {
	// By is whom a counter belongs to.
	By By `yaml:"by"`
	// Kind is "query", or "mutation" for all that is not certainly a query. Both
	// count together unless set.
	Kind string `yaml:"kind"`
	// Cost is what an operation counts as: "operation", which is the default, one
	// whatever it asks for; "root_fields", as many as it has fields at its root.
	Cost string `yaml:"cost"`
	// Limit is the number of operations, or of their root fields.
	Limit int `yaml:"limit"`
	// Per is the time in which they may be run: whole seconds.
	Per time.Duration `yaml:"per"`
}

// Values of [Rule.Kind].
const (
	kindQuery    = "query"
	kindMutation = "mutation"
)

// Values of [Rule.Cost].
const (
	costOperation  = "operation"
	costRootFields = "root_fields"
)

// By is whom a counter belongs to: in the configuration address, identity or
// {claim: NAME}.
type By struct {
	what  string
	claim string // the name, where what is byClaim
}

const (
	byAddress  = "address"
	byIdentity = "identity"
	byClaim    = "claim"
)

// UnmarshalYAML reads one of the three forms.
func (b *By) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil && (text == byAddress || text == byIdentity) {
		*b = By{what: text}
		return nil
	}
	var claim map[string]string
	if unmarshal(&claim) != nil || len(claim) != 1 || claim[byClaim] == "" {
		return errors.New("by is address, identity or {claim: NAME}")
	}
	*b = By{what: byClaim, claim: claim[byClaim]}
	return nil
}

// Validate says what is wrong with the section, naming the key.
func (r Rules) Validate() error {
	var errs []error
	seen := make(map[string]int)
	for i, rule := range r {
		if err := rule.validate(); err != nil {
			errs = append(errs, fmt.Errorf("rate_limits[%d].%w", i, err))
			continue
		}
		name := rule.longName()
		if first, twice := seen[name]; twice {
			errs = append(errs, fmt.Errorf("rate_limits[%d] has by, kind, cost and per of rate_limits[%d]: one of them would never refuse anything", i, first))
		}
		seen[name] = i
	}
	return errors.Join(errs...)
}

func (r Rule) validate() error {
	switch {
	case r.By.what == "":
		return errors.New("by is needed: address, identity or {claim: NAME}")
	case strings.ContainsFunc(r.By.claim, notInString):
		return fmt.Errorf("by: the claim names a policy in response headers, which take printable ASCII without quotes and backslashes")
	case r.Kind != "" && r.Kind != kindQuery && r.Kind != kindMutation:
		return fmt.Errorf("kind is not %s or %s", kindQuery, kindMutation)
	case r.Cost != "" && r.Cost != costOperation && r.Cost != costRootFields:
		return fmt.Errorf("cost is not %s or %s", costOperation, costRootFields)
	case r.Limit <= 0:
		return errors.New("limit is a number of operations, such as 60")
	case r.Per < time.Second || r.Per%time.Second != 0:
		return errors.New("per is a time of whole seconds, such as 1m")
	}
	return nil
}

// notInString tells what a String of RFC 9651 (structured fields) would have to
// escape or cannot have.
func notInString(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// appliesTo says whether the rule is about operations of a kind.
func (r Rule) appliesTo(kind string) bool {
	return r.Kind == "" || (r.Kind == kindQuery) == (kind == kindQuery)
}

// cost is what an operation with so many fields at its root counts as.
func (r Rule) cost(rootFields int) int {
	if r.Cost == costRootFields {
		return max(1, rootFields)
	}
	return 1
}

// name is what the rule is called as a policy: identity-mutation, or
// identity-mutation-root-fields.
func (r Rule) name() string {
	name := r.By.what
	if r.By.what == byClaim {
		name += "-" + r.By.claim
	}
	if r.Kind != "" {
		name += "-" + r.Kind
	}
	if r.Cost == costRootFields {
		name += "-root-fields"
	}
	return name
}

// longName tells the rule from others with the same name: identity-mutation-3600.
func (r Rule) longName() string { return r.name() + "-" + strconv.Itoa(r.seconds()) }

func (r Rule) seconds() int { return int(r.Per / time.Second) }
