package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ContextConfig is the context section of an application: the keys of the context
// map and where their values come from.
type ContextConfig map[string]Entry

// An Entry is one key's source: exactly one of Value, Header and Fields.
type Entry struct {
	// Value is a constant. Strings become binaries, the keys of maps atoms.
	Value *any `yaml:"value"`
	// Header is a request header that a trusted proxy sets. It is read from
	// trusted peers alone; from others it counts as absent.
	Header string `yaml:"header"`
	// Type is what the header's text is converted to; string unless set.
	Type Type `yaml:"type"`
	// Required refuses a request without the header. Otherwise the key is left
	// out of the context, or has the value Default.
	Required bool `yaml:"required"`
	Default  *any `yaml:"default"`
	// Fields makes a nested map.
	Fields ContextConfig `yaml:"fields"`
}

// UnmarshalYAML tells a constant null from no constant.
func (e *Entry) UnmarshalYAML(unmarshal func(any) error) error {
	type entry Entry
	if err := unmarshal((*entry)(e)); err != nil {
		return err
	}
	var keys map[string]any
	if err := unmarshal(&keys); err != nil {
		return err
	}
	for key, constant := range map[string]**any{"value": &e.Value, "default": &e.Default} {
		if _, given := keys[key]; given && *constant == nil {
			*constant = new(any)
		}
	}
	return nil
}

// A Type is what the text of a header is converted to. In the configuration it is
// a scalar's name, or a list of one, [integer], for a list separated by commas.
type Type struct {
	Scalar string // string, integer, float or boolean
	List   bool
}

var scalars = []string{"string", "integer", "float", "boolean"}

// UnmarshalYAML reads integer or [integer].
func (t *Type) UnmarshalYAML(unmarshal func(any) error) error {
	var scalar string
	if unmarshal(&scalar) == nil {
		*t = Type{Scalar: scalar}
		return t.validate()
	}
	var list []string
	if err := unmarshal(&list); err != nil || len(list) != 1 {
		return fmt.Errorf("a type is one of %s, or a list of one such as [integer]", strings.Join(scalars, ", "))
	}
	*t = Type{Scalar: list[0], List: true}
	return t.validate()
}

func (t Type) validate() error {
	if !slices.Contains(scalars, t.Scalar) {
		return fmt.Errorf("unknown type %q; the types are %s, and lists of one such as [integer]", t.Scalar, strings.Join(scalars, ", "))
	}
	return nil
}

func (t Type) String() string {
	if t.List {
		return "list of " + t.Scalar
	}
	return t.Scalar
}

// Validate says what is wrong with the section, naming the key. trusted says
// whether there are any peers whose headers count.
func (c ContextConfig) Validate(trusted bool) error { return c.validate("context", trusted) }

func (c ContextConfig) validate(path string, trusted bool) error {
	for _, key := range slices.Sorted(maps.Keys(c)) {
		e, at := c[key], path+"."+key
		sources := 0
		for _, set := range []bool{e.Value != nil, e.Header != "", e.Fields != nil} {
			if set {
				sources++
			}
		}
		switch {
		case key == "" || len(key) > 255:
			return fmt.Errorf("%s: a key has 1 to 255 bytes", at)
		case sources != 1:
			return fmt.Errorf("%s needs one of value, header and fields", at)
		case e.Header == "" && (e.Type != Type{} || e.Required || e.Default != nil):
			return fmt.Errorf("%s: type, required and default go with header", at)
		case e.Required && e.Default != nil:
			return fmt.Errorf("%s is required and has a default; leave out one", at)
		case e.Header != "" && !trusted:
			return fmt.Errorf("%s takes the header %s, which anybody could send; list the proxies that set it in trusted_proxies, such as 127.0.0.0/8", at, e.Header)
		case e.Header != "" && !httpguts.ValidHeaderFieldName(e.Header):
			return fmt.Errorf("%s: %q is not a header name", at, e.Header)
		}
		for name, constant := range map[string]*any{"value": e.Value, "default": e.Default} {
			if constant == nil {
				continue
			}
			if _, err := appendConstant(nil, *constant); err != nil {
				return fmt.Errorf("%s.%s: %w", at, name, err)
			}
		}
		if err := e.Fields.validate(at, trusted); err != nil {
			return err
		}
	}
	return nil
}
