package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/rpcclient"
)

// files are those that the configuration names and that every reload reads again:
// the keys file, …_file and manifests, wherever they stand. Those of node are read
// at the start only.
func (c *Config) watchedFiles() []string {
	named := make(map[string]bool)
	again := *c
	again.Node = rpcclient.NodeConfig{}
	eachKey(reflect.ValueOf(again), func(key string, value reflect.Value) {
		switch {
		case value.Kind() == reflect.String && (key == "file" || strings.HasSuffix(key, "_file")):
			named[value.String()] = true
		case key == "manifests":
			for _, file := range value.Interface().([]string) {
				named[file] = true
			}
		}
	})
	delete(named, "")
	return slices.Sorted(maps.Keys(named))
}

// checkFiles reads every file and environment variable that serve reads, and reports
// what serve would refuse.
func (c *Config) CheckFiles() error {
	var errs []error
	note := func(where string, err error) {
		for _, err := range each(err) {
			errs = append(errs, fmt.Errorf("%s%w", where, err))
		}
	}
	_, err := c.TLS.Load()
	note("", err)
	_, err = c.ReadAdminToken()
	note("", err)
	note("", c.Node.CheckFiles())
	note("", c.Redis.CheckFiles())
	for i := range c.Apps {
		app, where := &c.Apps[i], fmt.Sprintf("apps[%d]: ", i)
		_, err := gateway.LoadTrustedDocuments(app.Trusted)
		note(where, err)
		note(where, app.Auth.CheckFiles())
	}
	return errors.Join(c.file.locate(errs)...)
}

// ReadAdminToken returns the token of the operators' listener, or empty if admin_token
// is not set.
func (c *Config) ReadAdminToken() (string, error) {
	if !c.AdminToken.IsSet() {
		return "", nil
	}
	token, err := c.AdminToken.Read("admin_token")
	if err != nil {
		return "", err
	}
	return token, gateway.CheckToken(token)
}

// variables are those of the environment in which the configuration says that there
// are secrets.
func (c *Config) variables() []string {
	var names []string
	eachKey(reflect.ValueOf(*c), func(_ string, value reflect.Value) {
		if source, ok := value.Interface().(secret.Source); ok && source.Env != "" {
			names = append(names, source.Env)
		}
	})
	return names
}

// eachKey calls do for every key of a section and of the sections in it.
func eachKey(section reflect.Value, do func(key string, value reflect.Value)) {
	switch section.Kind() {
	case reflect.Pointer:
		if !section.IsNil() {
			eachKey(section.Elem(), do)
		}
	case reflect.Slice:
		for i := range section.Len() {
			eachKey(section.Index(i), do)
		}
	case reflect.Map:
		for _, value := range section.Seq2() {
			eachKey(value, do)
		}
	case reflect.Struct:
		for field, value := range section.Fields() {
			if field.IsExported() {
				key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
				do(key, value)
				eachKey(value, do)
			}
		}
	}
}
