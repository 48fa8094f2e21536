package config

import (
	"encoding"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
)

// expected says what values of a type look like. It is empty for a type that only its own
// unmarshaler can tell.
func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a time, such as 500ms, 30s or 2m"
	case t == reflect.TypeFor[netip.Prefix]():
		return "a network, such as 10.0.0.0/8"
	case unmarshalsItself(t):
		return ""
	case reflect.Zero(t).CanUint():
		return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
	case reflect.Zero(t).CanInt():
		return "a whole number"
	case reflect.Zero(t).CanFloat():
		return "a number"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list, such as [a, b]"
	}
	return "keys with their values, such as {key: value}"
}

// unmarshalsItself reports whether a type has an unmarshaler of its own.
func unmarshalsItself(t reflect.Type) bool {
	switch reflect.New(t).Interface().(type) {
	case yaml.InterfaceUnmarshaler, yaml.BytesUnmarshaler, yaml.NodeUnmarshaler, encoding.TextUnmarshaler:
		return true
	}
	return false
}

// keysOf returns the keys of a section, with the types of their values.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := make(map[string]reflect.Type)
	if t.Kind() != reflect.Struct {
		return keys
	}
	for field := range t.Fields() {
		key, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			maps.Copy(keys, keysOf(field.Type))
		case key != "" && key != "-":
			keys[key] = field.Type
		}
	}
	return keys
}

// didYouMean suggests the known name that is most similar to an unknown one.
func didYouMean(name string, known iter.Seq[string]) string {
	best, minDistance := "", 1+len(name)/3 // more than a third changed is another name
	for _, candidate := range slices.Sorted(known) {
		if distance := levenshtein.ComputeDistance(name, candidate); distance <= minDistance && (best == "" || distance < minDistance) {
			best, minDistance = candidate, distance
		}
	}
	if best == "" {
		return ""
	}
	return "; is it " + best + "?"
}
