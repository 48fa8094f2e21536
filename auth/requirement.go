package auth

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Requirement is what somebody must be to ask: all of it.
type Requirement struct {
	// Scopes must all have been granted (RFC 6749, section 3.3).
	Scopes []string `yaml:"scopes"`
	// Claims must have the value here, or one of those in a list here. Of a claim
	// that is itself a list, one element is enough. A map is about the members of
	// an object: {realm_access: {roles: admin}}.
	Claims map[string]any `yaml:"claims"`
}

// An OperationRule is what is required for some operations, besides what is required
// for all.
type OperationRule struct {
	// Kind is query, mutation or subscription; any, if it is empty.
	Kind string `yaml:"kind"`
	// Name is the operation's, which clients choose; any, if it is empty.
	Name    string      `yaml:"name"`
	Require Requirement `yaml:"require"`
}

var (
	// operationName is a Name of GraphQL (October 2021, section 2.1.9).
	operationName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)
	// scopeToken is one of RFC 6749, section 3.3.
	scopeToken = regexp.MustCompile(`^[!#-\[\]-~]+$`)
)

func (r *Requirement) empty() bool { return len(r.Scopes) == 0 && len(r.Claims) == 0 }

func (r *Requirement) validate() error {
	for _, scope := range r.Scopes {
		if !scopeToken.MatchString(scope) {
			return fmt.Errorf("scopes: %q is not a scope; each is an element of its own", scope)
		}
	}
	return validateRequiredClaims("claims", r.Claims)
}

func validateRequiredClaims(path string, members map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		keyPath := path + "." + name
		switch wanted := claimValue(members[name]).(type) {
		case map[string]any:
			if len(wanted) == 0 {
				return fmt.Errorf("%s is empty", keyPath)
			}
			if err := validateRequiredClaims(keyPath, wanted); err != nil {
				return err
			}
		case []any:
			if len(wanted) == 0 || slices.ContainsFunc(wanted, func(one any) bool { return !isComparable(one) }) {
				return fmt.Errorf("%s is a list of texts, integers or booleans, one of which the claim has to be", keyPath)
			}
		default:
			if !isComparable(wanted) {
				return fmt.Errorf("%s has to be a text, an integer, a boolean, a list of those, or a map", keyPath)
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
		return errors.New("needs kind or name; what all operations require is auth.require")
	case o.Kind != "" && !slices.Contains(operationKinds, o.Kind):
		return fmt.Errorf("kind %q is not one of %s", o.Kind, strings.Join(operationKinds, ", "))
	case o.Name != "" && !operationName.MatchString(o.Name):
		return fmt.Errorf("name %q is not an operation's name", o.Name)
	case o.Require.empty():
		return errors.New("require says nothing; give it scopes or claims")
	}
	if err := o.Require.validate(); err != nil {
		return fmt.Errorf("require.%w", err)
	}
	return nil
}

var operationKinds = []string{"query", "mutation", "subscription"}
