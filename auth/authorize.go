package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A rule is a Requirement for the operations of a kind, of a name, or both.
type rule struct {
	kind, name string // empty: any
	scopes     []string
	claims     []requiredClaim
}

type requiredClaim struct {
	name  string
	value any // in the form of claims
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

// Authorize returns an error if an identity, which may be nil, may not run an operation.
// kind is query, mutation, subscription or unknown. name may be empty. The error names the
// missing scope or claim without its value. It wraps [ErrForbidden], or
// [ErrUnauthenticated] for an anonymous request.
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

// unknownKind is the kind of an operation that cannot be classified.
const unknownKind = "unknown"

// appliesTo reports whether the rule applies to an operation. To an operation of unknown
// kind, the rules of all kinds apply and, unless it has a name, the rules of all names.
func (r *rule) appliesTo(kind, name string) bool {
	unknown := kind == unknownKind
	return (r.kind == "" || r.kind == kind || unknown) &&
		(r.name == "" || r.name == name || unknown && name == "")
}

// missing describes the scope or claim that an identity lacks; empty: it lacks none.
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
			return fmt.Sprintf("the claim %s does not have a required value", c.name)
		}
	}
	return ""
}

// hasScope reports whether one of the claims scope (RFC 8693, RFC 9068), scp and scopes
// contains a scope. The claim is a list, or a string of scopes separated by spaces.
func (identity *Identity) hasScope(scope string) bool {
	for _, name := range []string{"scope", "scp", "scopes"} {
		switch granted := identity.Claims[name].(type) {
		case string:
			for name := range strings.SplitSeq(granted, " ") {
				if name == scope {
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

// matches reports whether a claim, or an element of it if it is a list, has a required
// value.
func matches(claim, required any) bool {
	if elements, ok := claim.([]any); ok {
		return slices.ContainsFunc(elements, func(element any) bool { return equal(element, required) })
	}
	return equal(claim, required)
}

// equal reports whether a value equals the required one, or one of a list of them. Members
// of an object that are not required do not matter.
func equal(value, required any) bool {
	switch required := required.(type) {
	case []any:
		return slices.ContainsFunc(required, func(element any) bool { return equal(value, element) })
	case map[string]any:
		members, ok := value.(map[string]any)
		for name, member := range required {
			ok = ok && matches(members[name], member)
		}
		return ok
	}
	return value == required
}
