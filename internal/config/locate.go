package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/louche-graphql/louche/internal/keypath"
)

// A setFlag is a flag that overrides a key.
type setFlag struct {
	path keypath.Path
	name string
}

// locate adds to each error where its value was set: line and column of the file, the
// variable, or the flag. It drops errors about a key whose value could not be read, since
// its mistake is reported already.
func (d *document) locate(errs []error) (located []error) {
	for _, err := range errs {
		var path keypath.Path
		if located, ok := errors.AsType[*keypath.Error](err); ok {
			path = located.Path
		}
		if !d.isMistaken(path) {
			located = append(located, fmt.Errorf("%s%w", d.origin(path), err))
		}
	}
	return located
}

// origin is where the value at a path was set, as the start of an error line. It may be
// empty.
func (d *document) origin(path keypath.Path) string {
	if flag := d.flagOf(path); flag != "" {
		return flag + ": "
	}
	if variable := variableOf(path); variable != "" {
		return variable + ": "
	}
	if d.name == "" {
		return ""
	}
	at, _ := nearest(d.root, path)
	return position(d.name, at)
}

// flagOf returns the flag that sets a key, or "".
func (d *document) flagOf(path keypath.Path) string {
	if i := slices.IndexFunc(d.flags, func(f setFlag) bool { return path.Within(f.path) }); i >= 0 {
		return d.flags[i].name
	}
	return ""
}

func (d *document) isMistaken(path keypath.Path) bool {
	return slices.ContainsFunc(d.mistakes, func(m *mistake) bool { return len(m.path) > 0 && path.Within(m.path) })
}

// variableOf returns the environment variable that sets a key, or the section or list around
// it. It is empty if there is none.
func variableOf(path keypath.Path) string {
	for end := len(path); end > 0; end-- {
		name := variableName(path[:end])
		if _, isSet := os.LookupEnv(name); isSet {
			return name
		}
	}
	return ""
}

// variableName returns the name of a key's variable: LOUCHE_APPS_0_TIMEOUT of
// apps[0].timeout.
func variableName(path keypath.Path) string {
	var parts []string
	for _, element := range path {
		switch element := element.(type) {
		case int:
			parts = append(parts, strconv.Itoa(element))
		case string:
			parts = append(parts, strings.ToUpper(element))
		}
	}
	return environment.Prefix + strings.Join(parts, "_")
}

// nearest returns the token of the key at a path, or of the innermost section around it that
// the document has. It returns nil if there is none. exact is true for the key itself.
func nearest(node ast.Node, path keypath.Path) (at *token.Token, exact bool) {
	for _, element := range path {
		switch element := element.(type) {
		case int:
			list, ok := node.(*ast.SequenceNode)
			if !ok || element >= len(list.Values) {
				return at, false
			}
			node = list.Values[element]
			at = node.GetToken()
			if section, ok := node.(*ast.MappingNode); ok && len(section.Values) > 0 {
				at = section.Values[0].Key.GetToken()
			}
		case string:
			entry := find(node, element)
			if entry == nil {
				return at, false
			}
			node, at = entry.Value, entry.Key.GetToken()
		}
	}
	return at, at != nil
}
