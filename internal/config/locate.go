package config

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// locate says of each error of validate where what it is about was set: line and
// column of the file, the variable, or the flag. It leaves out what is said already: that a
// key has a mistake of which the value was not read.
func (d *document) locate(errs []error) (located []error) {
	for _, err := range errs {
		path := keyIn(err.Error())
		if d.mistaken(path) {
			continue
		}
		at := d.name
		if flag := d.flag(path); flag != "" {
			at = flag + ": "
		} else if name := setBy(path); name != "" {
			at = name + ": "
		} else if at != "" {
			at = d.position(place(d.root, path))
		}
		located = append(located, errors.New(at+err.Error()))
	}
	return located
}

// flag is the flag that sets a key or the list that it is in, or empty.
func (d *document) flag(path string) string {
	for key, flag := range d.flags {
		if isWithin(path, key) {
			return flag
		}
	}
	return ""
}

// isWithin says whether a path is that of a key or of what is in it.
func isWithin(path, key string) bool {
	rest, found := strings.CutPrefix(path, key)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (d *document) mistaken(path string) bool {
	for _, m := range d.mistakes {
		if m.path != "" && isWithin(path, m.path) {
			return true
		}
	}
	return false
}

var keyPath = regexp.MustCompile(`^[a-z][a-z0-9_]*(\[[0-9]+\])?(\.[a-z0-9_]+(\[[0-9]+\])?)*`)

// keyIn is the path of the key with which errors of validate begin:
// apps[0].discovery.dns[1] in "apps[0]: discovery: dns[1]: …". Words that follow it
// may be taken for keys, too.
func keyIn(message string) string {
	var path []string
	for {
		part := keyPath.FindString(message)
		if part == "" {
			break
		}
		path = append(path, part)
		rest, more := strings.CutPrefix(message[len(part):], ": ")
		if !more {
			break
		}
		message = rest
	}
	return strings.Join(path, ".")
}

// setBy is the variable that sets a key or the section or list that it is in, or
// empty.
func setBy(path string) string {
	name := []byte(environment.Prefix + strings.ToUpper(path))
	for i, c := range name {
		if c == '.' || c == '[' {
			name[i] = '_'
		}
	}
	for rest := strings.ReplaceAll(string(name), "]", ""); rest != ""; rest = rest[:max(0, strings.LastIndexByte(rest, '_'))] {
		if _, set := os.LookupEnv(rest); set {
			return rest
		}
	}
	return ""
}

// place is where a key is, or the innermost section around it that there is; nil if
// there is none.
func place(node ast.Node, path string) (at *token.Token) {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if list, ok := node.(*ast.SequenceNode); ok {
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(list.Values) {
				break
			}
			node = list.Values[i]
			at = node.GetToken()
			if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
				at = m.Values[0].Key.GetToken()
			}
			continue
		}
		entry := find(node, step)
		if entry == nil {
			break
		}
		node, at = entry.Value, entry.Key.GetToken()
	}
	return at
}
