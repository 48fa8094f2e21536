package rpcclient

import (
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A MissingName is a module or a function that the configuration names, and that a node does
// not have.
type MissingName struct {
	Key  string // of the configuration, such as context_from
	Name string
}

// A configuredName is a module, or a function of it, that the configuration names.
type configuredName struct {
	key              string
	module, function string // no function: the module alone
	arity            int
}

// names returns the names of the configuration, other than the schema.
func (c *AbsintheConfig) names() (names []configuredName) {
	add := func(key, module, function string, arity int) {
		if module != "" {
			names = append(names, configuredName{key, module, function, arity})
		}
	}
	addFunction := func(key, name string, arity int) {
		module, function := splitFunction(name)
		add(key, module, function, arity)
	}
	add("pubsub", c.PubSub, "", 0)
	add("json_codec", c.JSONCodec, "", 0)
	addFunction("context_from", c.ContextFrom, 1)
	if c.UsesConn() {
		add("plugs", "Plug.Conn", "", 0)
	}
	for _, name := range c.Plugs {
		if isModule(name) {
			add("plugs", name, "call", 2)
		} else {
			addFunction("plugs", name, 2)
		}
	}
	addFunction("before_send", c.BeforeSend, 2)
	addFunction("pipeline", c.Pipeline, 2)
	addFunction("response_from", c.ResponseFrom, 2)
	return names
}

// missing returns what the node lacks, other than the schema.
func (c *AbsintheConfig) missing(ctx context.Context, node NodeCaller) (missing []MissingName, err error) {
	for _, name := range c.names() {
		found, err := name.exists(ctx, node)
		if err != nil {
			return nil, err
		}
		if !found {
			missing = append(missing, MissingName{name.key, name.String()})
		}
	}
	return missing, nil
}

// String returns Module, or Module.function/arity.
func (n configuredName) String() string {
	if n.function == "" {
		return n.module
	}
	return fmt.Sprintf("%s.%s/%d", n.module, n.function, n.arity)
}

// exists reports whether the node has the name.
func (n configuredName) exists(ctx context.Context, node NodeCaller) (bool, error) {
	if found, err := hasModule(ctx, node, n.module); err != nil || !found || n.function == "" {
		return found, err
	}
	args := etf.AppendAtom(etf.AppendAtom(etf.AppendList(nil, 3), ModuleAtom(n.module)), n.function)
	result, err := node.Call(ctx, "erlang", "function_exported", etf.AppendNil(etf.AppendInt(args, int64(n.arity))))
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
