package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/louche-graphql/louche/internal/keypath"
)

// A document is a YAML document that was read into a section of the configuration.
type document struct {
	name     string // of its file
	root     ast.Node
	flags    []setFlag // which override the document
	anchors  map[string]ast.Node
	mistakes []*mistake
}

// A mistake is an invalid value. Its text does not contain the value, which may be a secret
// at the wrong place.
type mistake struct {
	path keypath.Path
	at   *token.Token
	text string
}

func (m *mistake) Error() string {
	if len(m.path) == 0 {
		return m.text
	}
	return m.path.String() + ": " + m.text
}

// in returns the mistake as an error at its position in a file or a variable.
func (m *mistake) in(name string) error { return errors.New(position(name, m.at) + m.Error()) }

// errors returns the mistakes as errors at their positions.
func (d *document) errors() (errs []error) {
	for _, m := range d.mistakes {
		errs = append(errs, m.in(d.name))
	}
	return errs
}

// position is the start of an error line in the form of compilers, which editors read.
func position(name string, at *token.Token) string {
	if at == nil {
		return name + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", name, at.Position.Line, at.Position.Column)
}

// readDocument reads YAML into the value that section points to, except for values with
// mistakes. An error, which may be of type *mistake, means that the text is not YAML.
func readDocument(name string, text []byte, section any) (*document, error) {
	d := &document{name: name, anchors: make(map[string]ast.Node)}
	file, err := parser.ParseBytes(text, 0)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		return nil, &mistake{at: syntax.GetToken(), text: syntax.GetMessage()}
	case err != nil:
		return nil, err
	case len(file.Docs) > 1:
		return nil, errors.New("the text has more than one YAML document; remove the others")
	case len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType || file.Docs[0].Body.Type() == ast.NullType:
		return d, nil
	}
	into := reflect.ValueOf(section).Elem()
	if d.root, err = d.resolve(file.Docs[0].Body); err != nil {
		return nil, err
	}
	if !d.check(d.root, into.Type(), nil) {
		return d, nil
	}
	if err := yaml.NodeToValue(d.root, section); err != nil {
		return nil, &mistake{at: tokenOf(err, d.root), text: "the value cannot be read"} // which check did not find
	}
	return d, nil
}

// resolve replaces aliases and merge keys by the values that they refer to.
func (d *document) resolve(node ast.Node) (ast.Node, error) {
	var err error
	switch n := node.(type) {
	case *ast.AnchorNode:
		value, err := d.resolve(n.Value)
		d.anchors[n.Name.GetToken().Value] = value
		return value, err
	case *ast.AliasNode:
		value, known := d.anchors[n.Value.GetToken().Value]
		if !known {
			return nil, &mistake{at: n.GetToken(), text: "there is no anchor of this name before it"}
		}
		return value, nil
	case *ast.SequenceNode:
		for i := range n.Values {
			if n.Values[i], err = d.resolve(n.Values[i]); err != nil {
				return nil, err
			}
		}
	case *ast.MappingNode:
		var own, merged []*ast.MappingValueNode
		for _, entry := range n.Values {
			if entry.Value, err = d.resolve(entry.Value); err != nil {
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

// check notes the mistakes in a value and removes the invalid parts, so that the rest can
// be read. It returns false if the value as a whole is invalid.
func (d *document) check(node ast.Node, t reflect.Type, path keypath.Path) bool {
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
		d.checkEntries(section, path, func(entry *ast.MappingValueNode) reflect.Type {
			key := keyOf(entry)
			if _, known := keys[key]; !known {
				d.note(&mistake{unknownKey(path, key), entry.Key.GetToken(), "there is no such key" + suggestKey(key, keys)})
			}
			return keys[key]
		})
		if !unmarshalsItself(t) {
			return true
		} else if len(d.mistakes) > before {
			return false
		}
		return d.checkValue(node, t, path) // its unmarshaler may require more
	case isSection && t.Kind() == reflect.Map && !unmarshalsItself(t):
		d.checkEntries(section, path, func(*ast.MappingValueNode) reflect.Type { return t.Elem() })
		return true
	case isList && t.Kind() == reflect.Slice && !unmarshalsItself(t):
		for i, element := range list.Values {
			if !d.check(element, t.Elem(), path.Join(i)) {
				list.Values[i] = ast.Null(element.GetToken()) // the others keep their indexes
			}
		}
		return true
	}
	return d.checkValue(node, t, path)
}

func suggestKey(key string, keys map[string]reflect.Type) string {
	if _, isFile := keys[key+"_file"]; isFile {
		return "; is it " + key + "_file?"
	}
	return didYouMean(key, maps.Keys(keys))
}

// keyName matches the keys of sections.
var keyName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// unknownKey returns the path that an error about an unknown key shows.
func unknownKey(path keypath.Path, key string) keypath.Path {
	if keyName.MatchString(key) {
		return path.Join(key)
	}
	return path
}

// checkEntries checks the entries that have a type, and removes the invalid ones.
func (d *document) checkEntries(section *ast.MappingNode, path keypath.Path, typeOf func(*ast.MappingValueNode) reflect.Type) {
	var valid []*ast.MappingValueNode
	for _, entry := range section.Values {
		t := typeOf(entry)
		if t != nil && d.check(entry.Value, t, path.Join(keypath.Label(keyOf(entry)))) {
			valid = append(valid, entry)
		}
	}
	section.Values = valid
}

// checkValue checks a value as a whole.
func (d *document) checkValue(node ast.Node, t reflect.Type, path keypath.Path) bool {
	err := yaml.NodeToValue(node, reflect.New(t).Interface(), yaml.Strict())
	if _, isFloat := node.(*ast.FloatNode); isFloat && (reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint()) {
		err = errFraction // the decoder would cut it off
	}
	if err == nil {
		return true
	}
	d.note(&mistake{path, tokenOf(err, node), describe(t, node, err)})
	return false
}

// note adds a mistake. It adds only one at each place, such as an anchor of many aliases.
func (d *document) note(m *mistake) {
	if !slices.ContainsFunc(d.mistakes, func(other *mistake) bool { return other.at == m.at }) {
		d.mistakes = append(d.mistakes, m)
	}
}

var errFraction = errors.New("a fraction")

// tokenOf returns the part of a value that an error is about.
func tokenOf(err error, node ast.Node) *token.Token {
	if inside, ok := errors.AsType[yaml.Error](err); ok && inside.GetToken() != nil {
		return inside.GetToken()
	}
	return node.GetToken()
}

// describe says what a value should look like.
func describe(t reflect.Type, node ast.Node, err error) string {
	var (
		ofPart *yaml.TypeError
		kind   *yaml.UnexpectedNodeTypeError
	)
	want := expected(t)
	inside, isYAML := errors.AsType[yaml.Error](err)
	switch {
	case t == reflect.TypeFor[netip.Prefix]():
		if addr, err := netip.ParseAddr(node.GetToken().Value); err == nil {
			want += fmt.Sprintf("; this address alone is %s/%d", addr, addr.BitLen())
		}
	case want != "":
	case errors.As(err, &ofPart):
		want = expected(ofPart.DstType)
	case errors.As(err, &kind) && kind.Expected == ast.SequenceType:
		want = expected(reflect.TypeFor[[]any]())
	case errors.As(err, &kind):
		want = expected(reflect.TypeFor[struct{}]())
	case isYAML:
		return inside.GetMessage()
	default:
		return err.Error()
	}
	if want == "" { // of a part that unmarshals itself
		return inside.GetMessage()
	}
	return "wants " + want
}
