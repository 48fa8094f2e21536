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
	return hasModule(ctx, node, c.Schema)
}

// Describe asks a node for both forms of its schema. introspection is the document for
// the second. Describe fails if both calls fail.
func (c AbsintheConfig) Describe(ctx context.Context, node NodeCaller, introspection string) (Description, error) {
	sdl, sdlErr := callBinary(ctx, node, "Elixir.Absinthe.Schema", "to_sdl", atomArgs(ModuleAtom(c.Schema)))
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
		sum, err := callBinary(ctx, node, module, "module_info", atomArgs("md5"))
		var failure *CallError
		if err != nil && !errors.As(err, &failure) {
			return "", err
		}
		fingerprint += " " + sum
	}
	return fingerprint, nil
}

// callBinary calls a function that returns a binary of at most maxIntrospection bytes.
func callBinary(ctx context.Context, node NodeCaller, module, function string, args []byte) (string, error) {
	result, err := node.Call(ctx, module, function, args)
	if err != nil {
		return "", err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	text, err := d.Binary()
	if len(text) > maxIntrospection {
		return "", fmt.Errorf("%s of %s returned %d bytes, more than %d", function, result.Node, len(text), maxIntrospection)
	}
	return string(text), err
}

// atomArgs is a list of one atom.
func atomArgs(atom string) []byte {
	return etf.AppendNil(etf.AppendAtom(etf.AppendList(nil, 1), atom))
}
