package config

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Show returns the configuration as Effective does, with a comment at each value: the line of
// the file, the variable or the flag that sets it, or default.
func (c *Config) Show() ([]byte, error) {
	text, err := c.Effective()
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	comments := make(yaml.CommentMap)
	for _, doc := range file.Docs {
		c.comment(comments, doc.Body, nil)
	}
	return yaml.MarshalWithOptions(c, yaml.WithComment(comments))
}

// comment adds the comments of the values in a node.
func (c *Config) comment(comments yaml.CommentMap, node ast.Node, path keypath.Path) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			c.comment(comments, entry.Value, path.Join(keyOf(entry)))
		}
		if len(n.Values) > 0 {
			return
		}
	case *ast.SequenceNode:
		for i, element := range n.Values {
			c.comment(comments, element, path.Join(i))
		}
		if len(n.Values) > 0 {
			return
		}
	}
	comments[yamlPath(path)] = []*yaml.Comment{yaml.LineComment(" " + c.file.source(path))}
}

// source says where the value at a path comes from.
func (d *document) source(path keypath.Path) string {
	if flag := d.flagOf(path); flag != "" {
		return flag
	}
	if variable := variableOf(path); variable != "" {
		return variable
	}
	if at, exact := nearest(d.root, path); exact {
		return fmt.Sprintf("%s:%d", d.name, at.Position.Line)
	}
	return "default"
}

// yamlPath returns a path in the notation of the YAML library.
func yamlPath(path keypath.Path) string {
	b := new(yaml.PathBuilder).Root()
	for _, element := range path {
		switch element := element.(type) {
		case int:
			b = b.Index(uint(element))
		case string:
			b = b.Child(element)
		}
	}
	return b.Build().String()
}
