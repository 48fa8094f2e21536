package auth

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
)

// A Requirement lists the scopes and claims that an identity needs. All of them apply.
type Requirement struct {
	// Scopes must all be granted (RFC 6749, section 3.3).
	Scopes []string `yaml:"scopes"`
	// Claims are required values by the name of the claim. A list has alternatives. Of a
	// claim that is a list, one element must match. A map applies to the members of an
	// object: {realm_access: {roles: admin}}.
	Claims map[string]any `yaml:"claims"`
}

// An OperationRule is an additional Requirement for some operations.
type OperationRule struct {
	// Kind is query, mutation or subscription. Empty: any kind.
	Kind string `yaml:"kind"`
	// Name is the name of the operation, which the client chooses. Empty: any name.
	Name    string      `yaml:"name"`
	Require Requirement `yaml:"require"`
}

var (
	// operationName matches a Name of GraphQL (October 2021, section 2.1.9).
	operationName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)
	// scopeToken matches a scope-token of RFC 6749, section 3.3.
	scopeToken = regexp.MustCompile(`^[!#-\[\]-~]+$`)
)

func (r *Requirement) empty() bool { return len(r.Scopes) == 0 && len(r.Claims) == 0 }

func (r *Requirement) validate() error {
	for _, scope := range r.Scopes {
		if !scopeToken.MatchString(scope) {
			return keypath.Errorf("scopes", "has an element that is not a scope; write each scope as an element of the list")
		}
	}
	return keypath.In(validateRequiredClaims(r.Claims), "claims")
}

func validateRequiredClaims(members map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		key := keypath.Label(name)
		switch required := claimValue(members[name]).(type) {
		case map[string]any:
			if len(required) == 0 {
				return keypath.Errorf(key, "is empty")
			}
			if err := validateRequiredClaims(required); err != nil {
				return keypath.In(err, key)
			}
		case []any:
			if len(required) == 0 || slices.ContainsFunc(required, func(element any) bool { return !isComparable(element) }) {
				return keypath.Errorf(key, "needs a list of strings, integers or booleans: the alternatives for the claim")
			}
		default:
			if !isComparable(required) {
				return keypath.Errorf(key, "needs a string, an integer, a boolean, a list of those, or a map")
			}
		}
	}
	return nil
}

func isComparable(v any) bool {
	switch v.(type) {
	case string, bool, int64:
		return true
	}
	return false
}

func (o *OperationRule) validate() error {
	switch {
	case o.Kind == "" && o.Name == "":
		return keypath.Errorf("", "needs kind or name; write a rule for all operations in auth.require")
	case o.Kind != "" && !slices.Contains(operationKinds, o.Kind):
		return keypath.Errorf("kind", "is not one of %s", strings.Join(operationKinds, ", "))
	case o.Name != "" && !operationName.MatchString(o.Name):
		return keypath.Errorf("name", "is not a name of an operation")
	case o.Require.empty():
		return keypath.Errorf("require", "is empty; add scopes or claims")
	}
	return keypath.In(o.Require.validate(), "require")
}

var operationKinds = []string{"query", "mutation", "subscription"}
