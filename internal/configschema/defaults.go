package configschema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/keypath"
)

// codeDefaults returns a configuration with one application and one method of authentication of
// each kind, with the defaults of the code.
func codeDefaults() (*config.Config, error) {
	c, err := (&config.Flags{Schema: "MyApp.Schema", Prefix: "my-app"}).Load()
	if err != nil {
		return nil, err
	}
	c.Apps[0].Schema, c.Apps[0].Discovery.Prefix = "", ""
	allocate(reflect.ValueOf(c).Elem())
	return c, c.SetDefaults()
}

// allocate sets empty sections: those that pointers refer to, and one for each list.
func allocate(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if value.Type().Elem().Kind() == reflect.Struct {
			value.Set(reflect.New(value.Type().Elem()))
			allocate(value.Elem())
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() != reflect.Struct {
			return
		}
		if value.Len() == 0 {
			value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		}
		allocate(value.Index(0))
	case reflect.Struct:
		for _, field := range value.Fields() {
			if field.CanSet() {
				allocate(field)
			}
		}
	}
}

// invalid is a value that no key has.
const invalid = "\x00"

// validValues returns the values of keys that have one of a few, by path: those that the
// validation of a wrong one lists.
func validValues() map[string][]string {
	c := &config.Config{Apps: make([]config.App, 1)}
	allocate(reflect.ValueOf(c).Elem())
	setTexts(reflect.ValueOf(c).Elem())
	values := make(map[string][]string)
	for _, err := range keypath.Split(c.Validate()) {
		if located, ok := errors.AsType[*keypath.Error](err); ok && located.Values != nil {
			values[withoutIndexes(located.Path)] = located.Values
		}
	}
	return values
}

func setTexts(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			setTexts(value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			setTexts(value.Index(i))
		}
	case reflect.String:
		value.SetString(invalid)
	case reflect.Struct:
		for _, field := range value.Fields() {
			if field.CanSet() {
				setTexts(field)
			}
		}
	}
}

func withoutIndexes(path keypath.Path) string {
	var keys []string
	for _, element := range path {
		if key, ok := element.(string); ok {
			keys = append(keys, fmt.Sprint(key))
		}
	}
	return strings.Join(keys, ".")
}
