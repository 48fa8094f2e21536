package auth

import (
	"errors"
	"fmt"
	"strings"
)

// A ClaimPath leads to a claim. A string names a member of an object, an int is an index
// into a list. In the configuration it is a name, such as sub, or a list, such as
// [realm_access, roles].
type ClaimPath []any

// UnmarshalYAML reads a name or a list.
func (p *ClaimPath) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if unmarshal(&name) == nil {
		*p = ClaimPath{name}
		return p.validate()
	}
	var steps []any
	if err := unmarshal(&steps); err != nil {
		return errors.New("a claim is a name, or a path such as [realm_access, roles]")
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
		return errors.New("the path of a claim is empty")
	}
	for i, step := range p {
		switch step := step.(type) {
		case string:
			if step == "" {
				return errors.New("the name of a claim is empty")
			}
		case int:
			if i == 0 || step < 0 {
				return errors.New("the path of a claim begins with a name, and an index into a list is 0 or more")
			}
		default:
			return errors.New("the path of a claim consists of names and indexes")
		}
	}
	return nil
}

// lookup returns the claim of an identity, which may be nil. A null counts as missing.
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
