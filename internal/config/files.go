package config

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/gateway/admin"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/rpcclient"
)

// CheckFiles reads every file and environment variable that the configuration names, and
// reports those that the gateway would refuse.
func (c *Config) CheckFiles() error {
	return errors.Join(c.CheckCookie(), c.CheckOtherFiles())
}

// CheckCookie is the part of CheckFiles for the cookie.
func (c *Config) CheckCookie() error {
	return errors.Join(c.file.locate(keypath.Split(c.Node.CheckCookie()))...)
}

// CheckOtherFiles is the rest of CheckFiles.
func (c *Config) CheckOtherFiles() error {
	_, tlsErr := c.TLS.Load()
	_, tokenErr := c.ReadAdminToken()
	err := errors.Join(tlsErr, tokenErr, c.Node.CheckFiles(), c.Redis.CheckFiles())
	for i := range c.Apps {
		app := &c.Apps[i]
		_, trustedErr := engine.LoadTrustedDocuments(app.Trusted)
		err = errors.Join(err, keypath.In(errors.Join(trustedErr, app.Auth.CheckFiles()), "apps", i))
	}
	return errors.Join(c.file.locate(keypath.Split(err))...)
}

// ReadAdminToken returns the token of the operators' listener. It is empty if admin_token is
// not set.
func (c *Config) ReadAdminToken() (string, error) {
	if !c.AdminToken.IsSet() {
		return "", nil
	}
	token, err := c.AdminToken.Read()
	if err != nil {
		return "", keypath.In(err, "admin_token")
	}
	return token, admin.CheckToken(token)
}

// reloadedFiles returns the files that every reload reads: those of the keys file, …_file
// and manifests. The files of node are read at the start only.
func (c *Config) reloadedFiles() []string {
	files := make(map[string]bool)
	reloaded := *c
	reloaded.Node = rpcclient.NodeConfig{}
	eachKey(reflect.ValueOf(reloaded), func(key string, value reflect.Value) {
		switch {
		case value.Kind() == reflect.String && (key == "file" || strings.HasSuffix(key, "_file")):
			files[value.String()] = true
		case key == "manifests":
			for _, file := range value.Interface().([]string) {
				files[file] = true
			}
		}
	})
	delete(files, "")
	return slices.Sorted(maps.Keys(files))
}

func (c *Config) secretVariables() []string {
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
