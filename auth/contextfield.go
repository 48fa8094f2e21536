package auth

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
)

// ContextConfig is the context section of an application: the fields of the context map
// by key.
type ContextConfig map[string]ContextField

// A ContextField configures the value of one field. Exactly one of Value, Claim, Header,
// Cookie, Request and Fields is set.
type ContextField struct {
	// Value is a constant. Strings become binaries, keys of maps become atoms.
	Value *any `yaml:"value"`
	// Claim is a claim of the identity.
	Claim ClaimPath `yaml:"claim"`
	// Header is a request header that a trusted proxy sets. The header counts as missing
	// when the peer is not a trusted proxy.
	Header string `yaml:"header"`
	// Cookie is the name of a cookie.
	Cookie string `yaml:"cookie"`
	// Request is client_address, request_id or trace_id.
	Request string `yaml:"request"`
	// Type is the type of the value on the node. Without it, claims and constants keep
	// their types, and all other values are strings.
	Type Type `yaml:"type"`
	// Atoms are the values of the type atom.
	Atoms []string `yaml:"atoms"`
	// Required refuses a request without the value. Otherwise the value is Default, or the
	// context map has no such key.
	Required bool `yaml:"required"`
	Default  *any `yaml:"default"`
	// Fields are the fields of a nested map.
	Fields ContextConfig `yaml:"fields"`
}

// UnmarshalYAML distinguishes a constant null from a missing constant.
func (f *ContextField) UnmarshalYAML(unmarshal func(any) error) error {
	type field ContextField
	if err := unmarshal((*field)(f)); err != nil {
		return err
	}
	var keys map[string]any
	if err := unmarshal(&keys); err != nil {
		return err
	}
	for key, constant := range map[string]**any{"value": &f.Value, "default": &f.Default} {
		if _, present := keys[key]; present && *constant == nil {
			*constant = new(any)
		}
	}
	return nil
}

// UsesCookies reports whether the value of a field comes from a cookie.
func (c ContextConfig) UsesCookies() bool {
	return c.anyField(func(f ContextField) bool { return f.Cookie != "" })
}

// UsesHeaders reports whether the value of a field comes from a header, by which a trusted
// proxy can identify the caller.
func (c ContextConfig) UsesHeaders() bool {
	return c.anyField(func(f ContextField) bool { return f.Header != "" })
}

// anyField reports whether the condition holds for a field, nested ones included.
func (c ContextConfig) anyField(condition func(ContextField) bool) bool {
	for _, f := range c {
		if condition(f) || f.Fields.anyField(condition) {
			return true
		}
	}
	return false
}

// source returns the source of the value; nil for constants and nested maps.
func (f *ContextField) source() valueSource {
	switch {
	case f.Claim != nil:
		return claimSource{f.Claim}
	case f.Header != "":
		return headerSource(http.CanonicalHeaderKey(f.Header))
	case f.Cookie != "":
		return cookieSource(f.Cookie)
	case f.Request != "":
		return requestSource(f.Request)
	}
	return nil
}

func (f *ContextField) converter() converter {
	t := f.Type
	if t.Scalar == "" && f.Value == nil && f.Claim == nil {
		t.Scalar = stringType
	}
	return newConverter(t, f.Atoms)
}

// appendConstant appends Value or Default. It appends nothing when neither is set.
func (f *ContextField) appendConstant(b []byte) ([]byte, error) {
	c := f.converter()
	for key, constant := range map[string]*any{"value": f.Value, "default": f.Default} {
		if constant == nil {
			continue
		}
		b, err := c.appendConstant(b, *constant)
		if err != nil {
			return nil, keypath.In(err, key)
		}
		return b, nil
	}
	return b, nil
}

// Validate reports everything that is wrong with the section, by key. hasProxies says
// whether trusted_proxies is set, hasMethods whether auth.methods is.
func (c ContextConfig) Validate(hasProxies, hasMethods bool) error {
	return keypath.In(c.validate(hasProxies, hasMethods), "context")
}

func (c ContextConfig) validate(hasProxies, hasMethods bool) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(c)) {
		f := c[key]
		err := errors.Join(f.validate(key, hasProxies, hasMethods), keypath.In(f.Fields.validate(hasProxies, hasMethods), "fields"))
		errs = append(errs, keypath.In(err, keypath.Label(key)))
	}
	return errors.Join(errs...)
}

// validate reports the first problem of the field.
func (f *ContextField) validate(key string, hasProxies, hasMethods bool) error {
	if key == "" || len(key) > 255 {
		return errors.New("a key has 1 to 255 bytes")
	}
	if err := f.validateSource(hasProxies, hasMethods); err != nil {
		return err
	}
	if err := f.validateType(); err != nil {
		return err
	}
	_, err := f.appendConstant(nil)
	return err
}

func (f *ContextField) validateSource(hasProxies, hasMethods bool) error {
	sources := 0
	for _, isSet := range []bool{f.Value != nil, f.Claim != nil, f.Header != "", f.Cookie != "", f.Request != "", f.Fields != nil} {
		if isSet {
			sources++
		}
	}
	switch {
	case sources != 1:
		return keypath.Errorf("", "needs one of value, claim, header, cookie, request and fields")
	case f.Claim != nil && !hasMethods:
		return keypath.Errorf("", "uses a claim, and no method provides claims; add one to auth.methods")
	case f.Header != "" && !hasProxies:
		return keypath.Errorf("", "uses a header, which every client can send; list the proxies that set it in trusted_proxies, such as 127.0.0.0/8")
	case f.Header != "" && !httpguts.ValidHeaderFieldName(f.Header):
		return keypath.Errorf("", "has a header that is not a valid header name")
	case f.Cookie != "" && !httpguts.ValidHeaderFieldName(f.Cookie):
		return keypath.Errorf("", "has a cookie that is not a valid cookie name")
	case f.Request != "" && !slices.Contains([]string{clientAddress, requestID, traceID}, f.Request):
		return keypath.Errorf("", "has an unknown value of request; the values are %s, %s and %s", clientAddress, requestID, traceID)
	case f.source() == nil && (f.Required || f.Default != nil):
		return keypath.Errorf("", "has required or default, which need claim, header, cookie or request")
	case f.Required && f.Default != nil:
		return keypath.Errorf("", "has both required and default; remove one")
	}
	return nil
}

func (f *ContextField) validateType() error {
	switch {
	case f.Fields != nil && f.Type != Type{}:
		return errors.New("fields make a map; remove type")
	case f.Request != "" && f.Type != Type{} && f.Type != Type{Scalar: stringType}:
		return fmt.Errorf("request has the type %s; remove type", stringType)
	case f.Type.Scalar == atomType && len(f.Atoms) == 0:
		return errors.New("the type atom needs atoms, a list of the possible values: a node never frees an atom")
	case f.Type.Scalar != atomType && f.Atoms != nil:
		return keypath.Errorf("atoms", "needs the type atom")
	}
	for _, name := range f.Atoms {
		if name == "" || len(name) > 255 {
			return keypath.In(fmt.Errorf("an atom has 1 to 255 bytes; one has %d", len(name)), "atoms")
		}
	}
	return nil
}
