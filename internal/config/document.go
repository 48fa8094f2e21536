package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A document is YAML that was read into a section of the configuration.
type document struct {
	name     string // of the file or the variable
	root     ast.Node
	flags    map[string]string // that win over it, by the keys that they set
	anchors  map[string]ast.Node
	mistakes []mistake
}

// A mistake is a value that is not what its key wants. It does not say the value:
// that may be a secret in the wrong place.
type mistake struct {
	path string // of the key
	at   *token.Token
	text string
}

func (d *document) errors() (errs []error) {
	for _, m := range d.mistakes {
		errs = append(errs, errors.New(d.position(m.at)+strings.TrimPrefix(m.path+": ", ": ")+m.text))
	}
	return errs
}

// position is a place in a document as compilers write it and editors read it.
func (d *document) position(at *token.Token) string {
	place := d.name
	if at != nil {
		place += fmt.Sprintf(":%d:%d", at.Position.Line, at.Position.Column)
	}
	return place + ": "
}

// readDocument reads YAML into what section points to, all of it that has no
// mistakes. What is not YAML at all is the error.
func readDocument(name string, text []byte, section any) (*document, error) {
	d := &document{name: name, anchors: make(map[string]ast.Node)}
	file, err := parser.ParseBytes(text, 0)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		return nil, errors.New(d.position(syntax.GetToken()) + syntax.GetMessage())
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(file.Docs) > 1:
		return nil, fmt.Errorf("%s: there is more than one YAML document in it", name)
	case len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType || file.Docs[0].Body.Type() == ast.NullType:
		return d, nil
	}
	into := reflect.ValueOf(section).Elem()
	if d.root, err = d.plain(file.Docs[0].Body); err != nil {
		return nil, err
	}
	if !d.check(d.root, into.Type(), "") {
		return d, nil
	}
	if err := yaml.NodeToValue(d.root, section); err != nil {
		return nil, errors.New(d.position(placeOf(err, d.root)) + "this cannot be read") // check has missed why
	}
	return d, nil
}

// plain puts in place of aliases and merge keys what they stand for.
func (d *document) plain(node ast.Node) (ast.Node, error) {
	var err error
	switch n := node.(type) {
	case *ast.AnchorNode:
		value, err := d.plain(n.Value)
		d.anchors[n.Name.GetToken().Value] = value
		return value, err
	case *ast.AliasNode:
		value, known := d.anchors[n.Value.GetToken().Value]
		if !known {
			return nil, errors.New(d.position(n.GetToken()) + "there is no anchor of this name before it")
		}
		return value, nil
	case *ast.SequenceNode:
		for i := range n.Values {
			if n.Values[i], err = d.plain(n.Values[i]); err != nil {
				return nil, err
			}
		}
	case *ast.MappingNode:
		var own, merged []*ast.MappingValueNode
		for _, entry := range n.Values {
			if entry.Value, err = d.plain(entry.Value); err != nil {
				return nil, err
			}
			if !entry.Key.IsMergeKey() {
				own = append(own, entry)
			} else if m, ok := entry.Value.(*ast.MappingNode); ok {
				merged = append(merged, m.Values...)
			}
		}
		n.Values = own
		for _, entry := range merged {
			if find(n, keyOf(entry)) == nil {
				n.Values = append(n.Values, entry)
			}
		}
	}
	return node, nil
}

func keyOf(entry *ast.MappingValueNode) string { return entry.Key.GetToken().Value }

// find is the entry of a key, or nil.
func find(section ast.Node, key string) *ast.MappingValueNode {
	if m, ok := section.(*ast.MappingNode); ok {
		for _, entry := range m.Values {
			if keyOf(entry) == key {
				return entry
			}
		}
	}
	return nil
}

// check notes what is wrong with a value, and removes what is wrong inside it, so that
// the rest can be read. It says whether there is a rest.
func (d *document) check(node ast.Node, t reflect.Type, path string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	section, isSection := node.(*ast.MappingNode)
	list, isList := node.(*ast.SequenceNode)
	keys := keysOf(t)
	switch {
	case node.Type() == ast.NullType:
		return true
	case isSection && len(keys) > 0:
		before := len(d.mistakes)
		d.checkSection(section, path, func(entry *ast.MappingValueNode) reflect.Type {
			key := keyOf(entry)
			if _, known := keys[key]; !known {
				text := "there is no such key"
				if _, isFile := keys[key+"_file"]; isFile {
					text += "; is it " + key + "_file?"
				} else {
					text += didYouMean(key, maps.Keys(keys))
				}
				d.note(mistake{unknownKey(path, key), entry.Key.GetToken(), text})
			}
			return keys[key]
		})
		if !readsItself(t) {
			return true
		} else if len(d.mistakes) > before {
			return false
		}
		return d.checkValue(node, t, path) // which may want more than its keys do
	case isSection && t.Kind() == reflect.Map && !readsItself(t):
		d.checkSection(section, path, func(*ast.MappingValueNode) reflect.Type { return t.Elem() })
		return true
	case isList && t.Kind() == reflect.Slice && !readsItself(t):
		for i, element := range list.Values {
			if !d.check(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i)) {
				list.Values[i] = ast.Null(element.GetToken()) // those after it keep their number
			}
		}
		return true
	}
	return d.checkValue(node, t, path)
}

func within(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// keyName is what keys look like. A secret in the place of a section, {s3cret}, does not,
// as a rule.
var (
	keyName  = regexp.MustCompile(`^[a-z_]{1,40}$`)
	freeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,39}[?!]?$`)
)

// shownKey is a key that is known, or whose name is free, as an error shows it.
func shownKey(key string) string {
	if freeName.MatchString(key) {
		return key
	}
	return "(name)"
}

// unknownKey is the path that an error shows for a key that is not known.
func unknownKey(path, key string) string {
	if keyName.MatchString(key) {
		return within(path, key)
	}
	return path
}

// checkSection checks the entries that have a type.
func (d *document) checkSection(section *ast.MappingNode, path string, typeOf func(*ast.MappingValueNode) reflect.Type) {
	var fine []*ast.MappingValueNode
	for _, entry := range section.Values {
		t := typeOf(entry)
		if t != nil && d.check(entry.Value, t, within(path, shownKey(keyOf(entry)))) {
			fine = append(fine, entry)
		}
	}
	section.Values = fine
}

// checkValue checks one that is not looked into.
func (d *document) checkValue(node ast.Node, t reflect.Type, path string) bool {
	err := yaml.NodeToValue(node, reflect.New(t).Interface(), yaml.Strict())
	if _, isFloat := node.(*ast.FloatNode); isFloat && (reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint()) {
		err = errFraction // which would be cut off
	}
	if err == nil {
		return true
	}
	d.note(mistake{path, placeOf(err, node), wanted(t, node, err)})
	return false
}

// note keeps a mistake, of several in one place, as behind an alias, the first.
func (d *document) note(m mistake) {
	if !slices.ContainsFunc(d.mistakes, func(other mistake) bool { return other.at == m.at }) {
		d.mistakes = append(d.mistakes, m)
	}
}

var errFraction = errors.New("a fraction")

// placeOf is the part of a value that an error is about.
func placeOf(err error, node ast.Node) *token.Token {
	if inside, ok := errors.AsType[yaml.Error](err); ok && inside.GetToken() != nil {
		return inside.GetToken()
	}
	return node.GetToken()
}

// wanted says what is wrong with a value, in the words of the configuration.
func wanted(t reflect.Type, node ast.Node, err error) string {
	var (
		ofPart *yaml.TypeError
		kind   *yaml.UnexpectedNodeTypeError
	)
	text := expected(t)
	switch inside, ok := errors.AsType[yaml.Error](err); {
	case t == reflect.TypeFor[netip.Prefix]():
		if addr, err := netip.ParseAddr(node.GetToken().Value); err == nil {
			text += fmt.Sprintf("; this address alone is %s/%d", addr, addr.BitLen())
		}
	case text != "":
	case errors.As(err, &ofPart):
		text = expected(ofPart.DstType)
	case errors.As(err, &kind) && kind.Expected == ast.SequenceType:
		text = expected(reflect.TypeFor[[]any]())
	case errors.As(err, &kind):
		text = expected(reflect.TypeFor[struct{}]())
	case ok:
		text = inside.GetMessage()
	default:
		text = err.Error()
	}
	return text
}
