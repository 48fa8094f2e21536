package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
)

// readEnvironment takes over what the variables say. Errors name a variable, and
// never its value.
func (c *Config) readEnvironment() (errs []error) {
	set := make(map[string]string)
	for name, value := range env.ToMap(os.Environ()) {
		if strings.HasPrefix(name, environment.Prefix) && !ofKubernetes(name) {
			set[name] = value
		}
	}
	if err := c.growApps(set); err != nil {
		return []error{err}
	}
	if c.take(set) != nil {
		for _, name := range slices.Sorted(maps.Keys(set)) { // which one it was
			alone := &Config{Apps: make([]App, len(c.Apps))}
			for _, err := range each(alone.take(map[string]string{name: set[name]})) {
				text := name + ": " + err.Error()
				errs = append(errs, errors.New(strings.Replace(text, ": :", ":", 1))) // has a line
			}
		}
	}
	return append(errs, c.checkNames(set)...)
}

// take returns an error for one of the variables, if there is any.
func (c *Config) take(variables map[string]string) error {
	options := environment
	options.Environment = variables
	err := env.ParseWithOptions(c, options)
	mistake, ok := errors.AsType[env.ParseError](err)
	switch {
	case !ok:
		return err
	case mistake.Type.Kind() == reflect.Slice:
		return errors.New(strings.Replace(expected(mistake.Type.Elem()), "wants a", "wants a list, with commas between its elements, each a", 1))
	case expected(mistake.Type) == "" || options.FuncMap[mistake.Type] != nil:
		return mistake.Err
	}
	return errors.New(expected(mistake.Type))
}

// each are the errors that were joined.
func each(err error) []error {
	switch joined := err.(type) {
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		var errs []error
		for _, err := range joined.Unwrap() {
			errs = append(errs, each(err)...)
		}
		return errs
	}
	return []error{err}
}

// growApps makes room for applications that only the environment names.
func (c *Config) growApps(set map[string]string) error {
	var indexes []int
	for name := range set {
		if found := appVariable.FindStringSubmatch(name); found != nil {
			if index, err := strconv.Atoi(found[1]); err == nil {
				indexes = append(indexes, index)
			}
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

var appVariable = regexp.MustCompile(`^LOUCHE_APPS_([0-9]+)_`)

// checkNames refuses variables that are none of the configuration's, since they
// mean something that does not happen.
func (c *Config) checkNames(set map[string]string) (errs []error) {
	known := make(map[string]bool)
	options := environment
	options.Environment = map[string]string{environment.Prefix + "APPS_0_": ""} // names those of one at least
	fields, err := env.GetFieldParamsWithOptions(&Config{Apps: make([]App, len(c.Apps))}, options)
	if err != nil {
		return []error{err}
	}
	for _, field := range fields {
		known[field.Key] = true
	}
	for _, name := range c.variables() {
		known[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !known[name] {
			errs = append(errs, fmt.Errorf("%s: no key has this variable%s", name, didYouMean(name, maps.Keys(known))))
		}
	}
	return errs
}

// ofKubernetes says whether a variable is one of those that Kubernetes sets in every
// pod for a service, here one whose name begins with louche.
func ofKubernetes(name string) bool {
	for _, part := range []string{"_SERVICE_HOST", "_SERVICE_PORT", "_PORT"} {
		if service, _, found := strings.Cut(name, part); found && os.Getenv(service+"_SERVICE_HOST") != "" {
			return true
		}
	}
	return false
}
