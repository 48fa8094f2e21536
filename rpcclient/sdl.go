package rpcclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A NodeCaller runs functions on one node. [NodeConn] is one.
type NodeCaller interface {
	Call(ctx context.Context, module, function string, args []byte) (*Result, error)
}

// Description is a node's description of its schema, in two forms.
type Description struct {
	// SDL is in the schema definition language, from Absinthe.Schema.to_sdl/1.
	SDL string
	// Introspection is the JSON of a GraphQL response.
	Introspection []byte
	// Incomplete says which of them is empty because its call failed. The call may
	// succeed later. Nil: both succeeded.
	Incomplete error
}

// HasSchema reports whether a node can load the schema's module.
func (c AbsintheConfig) HasSchema(ctx context.Context, node NodeCaller) (bool, error) {
	result, err := node.Call(ctx, "code", "ensure_loaded", c.moduleArgs())
	if err != nil {
		return false, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value) // {module, Module} or {error, Reason}
	if _, err := d.Tuple(); err != nil {
		return false, err
	}
	tag, err := d.Atom()
	return tag == "module", err
}

// Describe asks a node for both forms of its schema. introspection is the document for
// the second. Describe fails if both calls fail.
func (c AbsintheConfig) Describe(ctx context.Context, node NodeCaller, introspection string) (Description, error) {
	sdl, sdlErr := c.sdl(ctx, node)
	if sdlErr != nil {
		sdlErr = fmt.Errorf("the SDL: %w", sdlErr)
	}
	response, err := c.introspect(ctx, node, introspection)
	if err != nil {
		err = fmt.Errorf("introspection: %w", err)
	}
	failed := errors.Join(sdlErr, err)
	if sdlErr != nil && err != nil {
		return Description{}, failed
	}
	return Description{sdl, response, failed}, nil
}

func (c AbsintheConfig) sdl(ctx context.Context, node NodeCaller) (string, error) {
	result, err := node.Call(ctx, "Elixir.Absinthe.Schema", "to_sdl", c.moduleArgs())
	if err != nil {
		return "", err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	text, err := d.Binary()
	if len(text) > maxIntrospection {
		return "", fmt.Errorf("the SDL of %s has %d bytes, more than %d", result.Node, len(text), maxIntrospection)
	}
	return string(text), err
}

func (c AbsintheConfig) introspect(ctx context.Context, node NodeCaller, document string) ([]byte, error) {
	app := Absinthe{Config: c}
	args, err := app.appendArgs(nil, Operation{Document: document})
	if err != nil {
		return nil, err
	}
	result, err := node.Call(ctx, "Elixir.Absinthe", "run", args)
	if err != nil {
		return nil, err
	}
	defer result.Release()
	if err := result.unwrapOK(); err != nil {
		return nil, err
	}
	return result.Value.AppendJSONWithin(ctx, nil, maxIntrospection)
}

// maxIntrospection bounds each form of a description, in bytes.
const maxIntrospection = 32 << 20

// Fingerprint identifies the code of the schema on a node, which can be replaced while
// the node runs. It is never empty.
func (c AbsintheConfig) Fingerprint(ctx context.Context, node NodeCaller) (string, error) {
	fingerprint := "md5"
	// Absinthe keeps the compiled schema in the second module, unless in persistent
	// terms.
	for _, module := range []string{ModuleAtom(c.Schema), ModuleAtom(c.Schema) + ".Compiled"} {
		sum, err := moduleMD5(ctx, node, module)
		var failure *CallError
		if err != nil && !errors.As(err, &failure) {
			return "", err
		}
		fingerprint += " " + sum
	}
	return fingerprint, nil
}

func moduleMD5(ctx context.Context, node NodeCaller, module string) (string, error) {
	args := etf.AppendNil(etf.AppendAtom(etf.AppendList(nil, 1), "md5"))
	result, err := node.Call(ctx, module, "module_info", args)
	if err != nil {
		return "", err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	sum, err := d.Binary()
	return string(sum), err
}

// moduleArgs is [Schema].
func (c AbsintheConfig) moduleArgs() []byte {
	return etf.AppendNil(etf.AppendAtom(etf.AppendList(nil, 1), ModuleAtom(c.Schema)))
}
