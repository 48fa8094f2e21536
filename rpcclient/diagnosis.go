package rpcclient

import (
	"context"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A MissingName is a module or a function that the configuration names, and that a node does
// not have.
type MissingName struct {
	Key  string // of the configuration, such as context_from
	Name string
}

// missing returns what the node lacks, other than the schema.
func (c *AbsintheConfig) missing(ctx context.Context, node NodeCaller) (names []MissingName, err error) {
	for key, module := range map[string]string{"pubsub": c.PubSub, "json_codec": c.JSONCodec} {
		if module == "" {
			continue
		}
		found, err := hasModule(ctx, node, module)
		if err != nil {
			return nil, err
		}
		if !found {
			names = append(names, MissingName{key, module})
		}
	}
	if c.ContextFrom == "" {
		return names, nil
	}
	found, err := c.hasContextFunction(ctx, node)
	if err == nil && !found {
		names = append(names, MissingName{"context_from", c.ContextFrom + "/1"})
	}
	return names, err
}

func (c *AbsintheConfig) hasContextFunction(ctx context.Context, node NodeCaller) (bool, error) {
	module, function := c.contextFunction()
	if found, err := hasModule(ctx, node, module); err != nil || !found {
		return false, err
	}
	args := etf.AppendAtom(etf.AppendAtom(etf.AppendList(nil, 3), ModuleAtom(module)), function)
	result, err := node.Call(ctx, "erlang", "function_exported", etf.AppendNil(etf.AppendInt(args, 1)))
	if err != nil {
		return false, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	exported, err := d.Atom()
	return exported == "true", err
}

// hasModule loads a module, if there is one.
func hasModule(ctx context.Context, node NodeCaller, module string) (bool, error) {
	result, err := node.Call(ctx, "code", "ensure_loaded", atomArgs(ModuleAtom(module)))
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

// clockAhead returns how far the node's clock is ahead of this host's, to about half the time
// of a call.
func clockAhead(ctx context.Context, node NodeCaller) (time.Duration, error) {
	before := time.Now()
	result, err := node.Call(ctx, "erlang", "system_time", atomArgs("millisecond"))
	if err != nil {
		return 0, err
	}
	defer result.Release()
	here := before.Add(time.Since(before) / 2)
	d := etf.NewDecoder(result.Value)
	there, err := d.Int()
	return time.UnixMilli(there).Sub(here), err
}
