package auth

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"
)

// ContextConfig is the context section of an application: the keys of the context
// map and where their values come from.
type ContextConfig map[string]ContextField

// A ContextField is one key's source: exactly one of Value, Claim, Header, Cookie, Request
// and Fields.
type ContextField struct {
	// Value is a constant. Strings become binaries, the keys of maps atoms.
	Value *any `yaml:"value"`
	// Claim is what is known of who is asking.
	Claim ClaimPath `yaml:"claim"`
	// Header is a request header that a trusted proxy sets. It is read from
	// trusted peers alone; from others it counts as absent.
	Header string `yaml:"header"`
	// Cookie is a cookie's name.
	Cookie string `yaml:"cookie"`
	// Request is client_address, request_id or trace_id.
	Request string `yaml:"request"`
	// Type is what the value is converted to. Unless set, a claim and a constant
	// are taken as they are, and all else is string.
	Type Type `yaml:"type"`
	// Atoms are those that the type atom takes.
	Atoms []string `yaml:"atoms"`
	// Required refuses a request without a value. Otherwise the key is left out
	// of the context, or has the value Default.
	Required bool `yaml:"required"`
	Default  *any `yaml:"default"`
	// Fields makes a nested map.
	Fields ContextConfig `yaml:"fields"`
}

// UnmarshalYAML tells a constant null from no constant.
func (e *ContextField) UnmarshalYAML(unmarshal func(any) error) error {
	type entry ContextField
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

// UsesHeaders says whether an entry comes from a header, which can say who is asking.
func (c ContextConfig) UsesHeaders() bool {
	for _, e := range c {
		if e.Header != "" || e.Fields.UsesHeaders() {
			return true
		}
	}
	return false
}

// source is where the value comes from; nil for constants and nested maps.
func (e *ContextField) source() valueSource {
	switch {
	case e.Claim != nil:
		return claimSource{e.Claim}
	case e.Header != "":
		return headerSource(http.CanonicalHeaderKey(e.Header))
	case e.Cookie != "":
		return cookieSource(e.Cookie)
	case e.Request != "":
		return requestSource(e.Request)
	}
	return nil
}

func (e *ContextField) converter() converter {
	t := e.Type
	if t.Scalar == "" && e.Value == nil && e.Claim == nil {
		t.Scalar = stringType
	}
	return newConverter(t, e.Atoms)
}

// appendConstant appends Value or Default, or nothing where there is neither.
func (e *ContextField) appendConstant(b []byte) ([]byte, error) {
	c := e.converter()
	for name, constant := range map[string]*any{"value": e.Value, "default": e.Default} {
		if constant == nil {
			continue
		}
		b, err := c.appendConstant(b, *constant)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return b, nil
	}
	return b, nil
}

// Validate says what is wrong with the section, naming the key. trusted says
// whether there are any peers whose headers count, methods whether there are any by
// which claims come to be known.
func (c ContextConfig) Validate(trusted, methods bool) error {
	return c.validate("context", trusted, methods)
}

func (c ContextConfig) validate(path string, trusted, methods bool) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(c)) {
		e, keyPath := c[key], path+"."+key
		errs = append(errs, e.validate(keyPath, key, trusted, methods), e.Fields.validate(keyPath, trusted, methods))
	}
	return errors.Join(errs...)
}

// validate returns what is wrong with the entry at a path; of several such things one.
func (e *ContextField) validate(keyPath, key string, trusted, methods bool) error {
	if key == "" || len(key) > 255 {
		return fmt.Errorf("%s: a key has 1 to 255 bytes", keyPath)
	}
	if err := e.validateSource(trusted, methods); err != nil {
		return fmt.Errorf("%s %w", keyPath, err)
	}
	if err := e.validateType(); err != nil {
		return fmt.Errorf("%s: %w", keyPath, err)
	}
	if _, err := e.appendConstant(nil); err != nil {
		return fmt.Errorf("%s.%w", keyPath, err)
	}
	return nil
}

// validateSource returns the rest of a sentence that begins with the key.
func (e *ContextField) validateSource(trusted, methods bool) error {
	sources := 0
	for _, set := range []bool{e.Value != nil, e.Claim != nil, e.Header != "", e.Cookie != "", e.Request != "", e.Fields != nil} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("needs one of value, claim, header, cookie, request and fields")
	case e.Claim != nil && !methods:
		return fmt.Errorf("takes the claim %s, and nothing makes claims known; say in auth.methods who is asking", e.Claim)
	case e.Header != "" && !trusted:
		return fmt.Errorf("takes the header %s, which anybody could send; list the proxies that set it in trusted_proxies, such as 127.0.0.0/8", e.Header)
	case e.Header != "" && !httpguts.ValidHeaderFieldName(e.Header):
		return fmt.Errorf("takes the header %q, which is not a header's name", e.Header)
	case e.Cookie != "" && !httpguts.ValidHeaderFieldName(e.Cookie):
		return fmt.Errorf("takes the cookie %q, which is not a cookie's name", e.Cookie)
	case e.Request != "" && !slices.Contains([]string{clientAddress, requestID, traceID}, e.Request):
		return fmt.Errorf("takes %q of the request, of which there are %s, %s and %s", e.Request, clientAddress, requestID, traceID)
	case e.source() == nil && (e.Required || e.Default != nil):
		return errors.New("has required or default, which go with claim, header, cookie and request")
	case e.Required && e.Default != nil:
		return errors.New("is required and has a default; leave out one")
	}
	return nil
}

func (e *ContextField) validateType() error {
	switch {
	case e.Fields != nil && e.Type != Type{}:
		return errors.New("fields make a map; leave out type")
	case e.Request != "" && e.Type != Type{} && e.Type != Type{Scalar: stringType}:
		return fmt.Errorf("what is of the request is of type %s; leave out type", stringType)
	case e.Type.Scalar == atomType && len(e.Atoms) == 0:
		return errors.New("the type atom needs atoms, a list of those that there can be: nodes never free one")
	case e.Type.Scalar != atomType && e.Atoms != nil:
		return errors.New("atoms go with the type atom")
	}
	for _, name := range e.Atoms {
		if name == "" || len(name) > 255 {
			return fmt.Errorf("atoms: an atom has 1 to 255 bytes, and one here %d", len(name))
		}
	}
	return nil
}
