package ratelimit

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Rules is the rate_limits section of an application. All rules that apply to an operation
// have to admit it. An operation that one rule refuses is charged by none.
type Rules []Rule

// A Rule allows Limit operations in Per for each value of By.
type Rule struct {
	// By selects the owner of a counter.
	By By `yaml:"by"`
	// Kind restricts the rule to "query", or to "mutation": operations that are not
	// certainly queries. Empty: the rule applies to both.
	Kind string `yaml:"kind"`
	// Cost is the cost of an operation: 1 if it is "operation", the default; the number
	// of fields at its root if it is "root_fields".
	Cost string `yaml:"cost"`
	// Limit is the total cost that Per allows.
	Limit int `yaml:"limit"`
	// Per is the time window, in whole seconds.
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

// By selects the owner of a counter: in the configuration address, identity or
// {claim: NAME}.
type By struct {
	attribute string
	claim     string // its name, if attribute is byClaim
}

const (
	byAddress  = "address"
	byIdentity = "identity"
	byClaim    = "claim"
)

// UnmarshalYAML reads any of the three forms.
func (b *By) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil && (text == byAddress || text == byIdentity) {
		*b = By{attribute: text}
		return nil
	}
	var claim map[string]string
	if unmarshal(&claim) != nil || len(claim) != 1 || claim[byClaim] == "" {
		return errors.New("by is address, identity or {claim: NAME}")
	}
	*b = By{attribute: byClaim, claim: claim[byClaim]}
	return nil
}

// Validate returns the errors of the section, with their keys.
func (r Rules) Validate() error {
	var errs []error
	seen := make(map[string]int)
	for i, rule := range r {
		if err := rule.validate(); err != nil {
			errs = append(errs, keypath.In(err, "rate_limits", i))
			continue
		}
		name := rule.longName()
		if first, twice := seen[name]; twice {
			errs = append(errs, keypath.In(keypath.Errorf("", "repeats by, kind, cost and per of rate_limits[%d]; remove the one with the higher limit", first), "rate_limits", i))
		}
		seen[name] = i
	}
	return errors.Join(errs...)
}

func (r Rule) validate() error {
	switch {
	case r.By.attribute == "":
		return keypath.Errorf("by", "is needed: address, identity or {claim: NAME}")
	case strings.ContainsFunc(r.By.claim, invalidInString):
		return keypath.In(errors.New("the claim appears in response headers; use printable ASCII without quotes and backslashes"), "by")
	case r.Kind != "" && r.Kind != kindQuery && r.Kind != kindMutation:
		return keypath.Errorf("kind", "is not %s or %s", kindQuery, kindMutation)
	case r.Cost != "" && r.Cost != costOperation && r.Cost != costRootFields:
		return keypath.Errorf("cost", "is not %s or %s", costOperation, costRootFields)
	case r.Limit <= 0:
		return keypath.Errorf("limit", "is a positive number, such as 60")
	case r.Per < time.Second || r.Per%time.Second != 0:
		return keypath.Errorf("per", "is a duration in whole seconds, such as 1m")
	}
	return nil
}

// invalidInString reports characters that a String of RFC 9651 (structured fields, section
// 3.3.3) has to escape or cannot have.
func invalidInString(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

func (r Rule) appliesTo(kind string) bool {
	return r.Kind == "" || (r.Kind == kindQuery) == (kind == kindQuery)
}

func (r Rule) cost(rootFields int) int {
	if r.Cost == costRootFields {
		return max(1, rootFields)
	}
	return 1
}

// name returns the policy name of the rule: identity-mutation, or
// identity-mutation-root-fields.
func (r Rule) name() string {
	name := r.By.attribute
	if r.By.attribute == byClaim {
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

// longName distinguishes rules with the same name by their window: identity-mutation-3600.
func (r Rule) longName() string { return r.name() + "-" + strconv.Itoa(r.seconds()) }

func (r Rule) seconds() int { return int(r.Per / time.Second) }
