package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/ratelimit"
)

// environment says how variables are named after keys: LOUCHE_APPS_0_TIMEOUT. The variables of
// the sections in FuncMap have YAML, as in the file.
var environment = env.Options{
	Prefix: "LOUCHE_",
	FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[auth.Config]():           parseYAML[auth.Config],
		reflect.TypeFor[auth.ContextConfig]():    parseYAML[auth.ContextConfig],
		reflect.TypeFor[secret.Source]():         parseYAML[secret.Source],
		reflect.TypeFor[ratelimit.Rules]():       parseYAML[ratelimit.Rules],
		reflect.TypeFor[ratelimit.RedisConfig](): parseYAML[ratelimit.RedisConfig],
	},
}

// parseYAML returns a section. Errors are of type *mistake if they have a position.
func parseYAML[T any](text string) (any, error) {
	var section T
	d, err := readDocument("", []byte(text), &section)
	if err == nil {
		for _, m := range d.mistakes {
			err = errors.Join(err, m)
		}
	}
	return section, err
}

// readEnvironment applies the variables. Errors name a variable, and never its value.
func (c *Config) readEnvironment() (errs []error) {
	variables := make(map[string]string)
	for name, value := range env.ToMap(os.Environ()) {
		if strings.HasPrefix(name, environment.Prefix) && !isKubernetes(name) {
			variables[name] = value
		}
	}
	if err := c.growApps(variables); err != nil {
		return []error{err}
	}
	if c.apply(variables) != nil {
		for _, name := range slices.Sorted(maps.Keys(variables)) { // the parser does not say which one it was
			scratch := &Config{Apps: make([]App, len(c.Apps))}
			for _, err := range keypath.Split(scratch.apply(map[string]string{name: variables[name]})) {
				if m, ok := errors.AsType[*mistake](err); ok {
					errs = append(errs, m.in(name))
				} else {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
				}
			}
		}
	}
	return append(errs, c.checkNames(variables)...)
}

// apply applies variables. It returns an error for one of the invalid ones.
func (c *Config) apply(variables map[string]string) error {
	options := environment
	options.Environment = variables
	err := env.ParseWithOptions(c, options)
	invalid, ok := errors.AsType[env.ParseError](err)
	switch {
	case !ok:
		return err
	case invalid.Type.Kind() == reflect.Slice && options.FuncMap[invalid.Type] == nil:
		return fmt.Errorf("wants a list, with commas between its elements, each %s", expected(invalid.Type.Elem()))
	case expected(invalid.Type) == "" || options.FuncMap[invalid.Type] != nil:
		return invalid.Err
	}
	return fmt.Errorf("wants %s", expected(invalid.Type))
}

// growApps adds the applications that only the environment has.
func (c *Config) growApps(variables map[string]string) error {
	var indexes []int
	for name := range variables {
		rest, isApp := strings.CutPrefix(name, environment.Prefix+"APPS_")
		number, _, hasKey := strings.Cut(rest, "_")
		if index, err := strconv.ParseUint(number, 10, 31); isApp && hasKey && err == nil {
			indexes = append(indexes, int(index))
		}
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		switch n := len(c.Apps); {
		case index == n:
			c.Apps = append(c.Apps, App{})
		case index > n:
			return fmt.Errorf("there are variables LOUCHE_APPS_%d_…, but none for apps[%d]: applications are numbered from 0", index, n)
		}
	}
	return nil
}

// checkNames refuses unknown variables: they would have no effect.
func (c *Config) checkNames(variables map[string]string) (errs []error) {
	known := make(map[string]bool)
	options := environment
	options.Environment = map[string]string{environment.Prefix + "APPS_0_": ""} // the names of at least one application
	fields, err := env.GetFieldParamsWithOptions(&Config{Apps: make([]App, len(c.Apps))}, options)
	if err != nil {
		return []error{err}
	}
	for _, field := range fields {
		known[field.Key] = true
	}
	for _, name := range c.secretVariables() {
		known[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if !known[name] {
			errs = append(errs, fmt.Errorf("%s: no key has this variable%s", name, didYouMean(name, maps.Keys(known))))
		}
	}
	return errs
}

// isKubernetes reports whether a variable is one of those that Kubernetes sets in every pod
// for a service, here a service whose name begins with louche.
func isKubernetes(name string) bool {
	for _, part := range []string{"_SERVICE_HOST", "_SERVICE_PORT", "_PORT"} {
		if service, _, found := strings.Cut(name, part); found && os.Getenv(service+"_SERVICE_HOST") != "" {
			return true
		}
	}
	return false
}
