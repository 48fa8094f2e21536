package auth

import (
	"errors"
	"fmt"
	"strings"
)

// A ClaimPath leads to a claim: names of the members of objects, which are strings,
// and places in lists, which are integers from 0. In the configuration it is a name,
// sub, or a list, [realm_access, roles].
type ClaimPath []any

// UnmarshalYAML reads sub or [realm_access, roles].
func (p *ClaimPath) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if unmarshal(&name) == nil {
		*p = ClaimPath{name}
		return p.validate()
	}
	var steps []any
	if err := unmarshal(&steps); err != nil {
		return errors.New("a claim is a name, or a list that leads into it, such as [realm_access, roles]")
	}
	*p = nil
	for _, step := range steps {
		if index, ok := claimValue(step).(int64); ok {
			step = int(index)
		}
		*p = append(*p, step)
	}
	return p.validate()
}

func (p ClaimPath) validate() error {
	if len(p) == 0 {
		return errors.New("a claim has a name")
	}
	for i, step := range p {
		switch step := step.(type) {
		case string:
			if step == "" {
				return errors.New("the name of a claim is empty")
			}
		case int:
			if i == 0 || step < 0 {
				return errors.New("a claim begins with a name, and places in lists are counted from 0")
			}
		default:
			return fmt.Errorf("a claim is reached by names and places in lists, and %v is neither", step)
		}
	}
	return nil
}

// of is the claim of an identity, which may be nil. null counts as missing, since
// nothing is said by it.
func (p ClaimPath) lookup(identity *Identity) (claim any, found bool) {
	if identity == nil {
		return nil, false
	}
	claim = identity.Claims
	for _, step := range p {
		switch step := step.(type) {
		case string:
			members, _ := claim.(map[string]any)
			claim = members[step]
		case int:
			elements, _ := claim.([]any)
			if step >= len(elements) {
				return nil, false
			}
			claim = elements[step]
		}
	}
	return claim, claim != nil
}

func (p ClaimPath) String() string {
	steps := make([]string, len(p))
	for i, step := range p {
		steps[i] = fmt.Sprint(step)
	}
	return strings.Join(steps, ".")
}
