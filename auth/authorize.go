package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A rule is what is required for some operations, made ready.
type rule struct {
	kind, name string // empty: any
	scopes     []string
	claims     []requiredClaim
}

type requiredClaim struct {
	name  string
	value any // as claims have it
}

func newRules(cfg Config) []rule {
	rules := []rule{newRule(OperationRule{Require: cfg.Require})}
	for _, o := range cfg.Operations {
		rules = append(rules, newRule(o))
	}
	return rules
}

func newRule(o OperationRule) rule {
	r := rule{kind: o.Kind, name: o.Name, scopes: o.Require.Scopes}
	for _, name := range slices.Sorted(maps.Keys(o.Require.Claims)) {
		r.claims = append(r.claims, requiredClaim{name, claimValue(o.Require.Claims[name])})
	}
	return r
}

// Authorize says whether somebody, nil if unknown, may run an operation: its kind is
// query, mutation, subscription or unknown, its name may be empty. Errors say what is
// missing, and no value of it; they wrap [ErrForbidden], or [ErrUnauthenticated] where
// it is not known who is asking.
func (a *Authenticator) Authorize(identity *Identity, kind, name string) error {
	for i := range a.rules {
		r := &a.rules[i]
		if !r.appliesTo(kind, name) {
			continue
		}
		if missing := r.missing(identity); missing != "" {
			if identity == nil {
				return kindError{missing, ErrUnauthenticated}
			}
			return kindError{missing, ErrForbidden}
		}
	}
	return nil
}

// unknownKind is that of an operation which could be of any.
const unknownKind = "unknown"

// appliesTo says whether the rule is about an operation. What could be of any kind
// has to pass the rules of all kinds, and unless it was asked for by name, those of
// all names.
func (r *rule) appliesTo(kind, name string) bool {
	unknown := kind == unknownKind
	return (r.kind == "" || r.kind == kind || unknown) &&
		(r.name == "" || r.name == name || unknown && name == "")
}

// missing is what somebody lacks, or empty.
func (r *rule) missing(identity *Identity) string {
	if identity == nil {
		identity = &Identity{}
	}
	for _, scope := range r.scopes {
		if !identity.hasScope(scope) {
			return fmt.Sprintf("the scope %s is missing", scope)
		}
	}
	for _, c := range r.claims {
		if !matches(identity.Claims[c.name], c.value) {
			return fmt.Sprintf("the claim %s is not what it has to be", c.name)
		}
	}
	return ""
}

// hasScope says whether a scope was granted, in one of the claims that issuers use
// for it: scope, with spaces between them (RFC 8693, RFC 9068), scp and scopes, so
// or as a list.
func (identity *Identity) hasScope(scope string) bool {
	for _, name := range []string{"scope", "scp", "scopes"} {
		switch granted := identity.Claims[name].(type) {
		case string:
			for one := range strings.SplitSeq(granted, " ") {
				if one == scope {
					return true
				}
			}
		case []any:
			if slices.Contains(granted, any(scope)) {
				return true
			}
		}
	}
	return false
}

// fits says whether a claim, or an element of it if it is a list, is what is wanted.
func matches(claim, wanted any) bool {
	if elements, ok := claim.([]any); ok {
		return slices.ContainsFunc(elements, func(element any) bool { return equal(element, wanted) })
	}
	return equal(claim, wanted)
}

// is says whether a value is the one that is wanted, or one of a list of those. Of
// an object only the members that are wanted count.
func equal(value, wanted any) bool {
	switch wanted := wanted.(type) {
	case []any:
		return slices.ContainsFunc(wanted, func(one any) bool { return equal(value, one) })
	case map[string]any:
		members, ok := value.(map[string]any)
		for name, member := range wanted {
			ok = ok && matches(members[name], member)
		}
		return ok
	}
	return value == wanted
}
