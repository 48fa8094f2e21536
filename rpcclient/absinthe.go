package rpcclient

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// AbsintheConfig is how documents are run: the schema, and options of
// Absinthe.run/3 that are the same for every one.
type AbsintheConfig struct {
	// Schema is the schema's module as Elixir writes it: MyApp.Schema.
	Schema string `yaml:"schema" env:"SCHEMA"`
	// AnalyzeComplexity has Absinthe compute how complex an operation is.
	AnalyzeComplexity bool `yaml:"analyze_complexity" env:"ANALYZE_COMPLEXITY"`
	// MaxComplexity has Absinthe refuse operations that are more complex. No limit
	// if it is zero; else AnalyzeComplexity goes without saying.
	MaxComplexity int `yaml:"max_complexity" env:"MAX_COMPLEXITY"`
	// TokenLimit has Absinthe refuse documents of more tokens. No limit if it is
	// zero.
	TokenLimit int `yaml:"token_limit" env:"TOKEN_LIMIT"`
	// PubSub is the module by which mutations reach subscribers of the application,
	// MyAppWeb.Endpoint, as Absinthe finds it in the context under the key pubsub. None
	// unless set.
	PubSub string `yaml:"pubsub" env:"PUBSUB"`
	// JSONCodec is the module that encodes structs of which only the application knows
	// the JSON form, by encode!/1 on the node: Jason. Without one they are refused.
	JSONCodec string `yaml:"json_codec" env:"JSON_CODEC"`
	// ContextFrom is a function of the application, MyApp.Gateway.build_context. It
	// gets the claims and returns what becomes part of the context: a map or {:ok,
	// map}; or {:error, reason}. None unless set.
	ContextFrom string `yaml:"context_from" env:"CONTEXT_FROM"`
	// ContextCache is how long what a node built is sent to it again for the same
	// identity. Not at all if it is zero.
	ContextCache time.Duration `yaml:"context_cache" env:"CONTEXT_CACHE"`
}

var moduleName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_]*(\.[A-Z][A-Za-z0-9_]*)*$`)

// Validate says what is wrong, naming the key.
func (c *AbsintheConfig) Validate() error {
	var errs []error
	if !isModule(c.Schema) {
		errs = append(errs, errors.New("schema is not a module such as MyApp.Schema"))
	}
	if c.PubSub != "" && !isModule(c.PubSub) {
		errs = append(errs, errors.New("pubsub is not a module such as MyAppWeb.Endpoint"))
	}
	if c.JSONCodec != "" && !isModule(c.JSONCodec) {
		errs = append(errs, errors.New("json_codec is not a module such as Jason"))
	}
	if c.MaxComplexity < 0 || c.TokenLimit < 0 {
		errs = append(errs, errors.New("max_complexity and token_limit are numbers, such as 1000"))
	}
	return errors.Join(append(errs, c.validateContextFrom())...)
}

func isModule(name string) bool {
	return moduleName.MatchString(name) && len(name) <= 240 && !strings.HasPrefix(name, elixirPrefix)
}

// elixirPrefix begins the atom of every module of Elixir.
const elixirPrefix = "Elixir."

// Module returns the atom that Elixir means by the name of a module.
func ModuleAtom(name string) string { return elixirPrefix + name }

// SetDefaults writes the names of modules as Elixir does: Elixir.MyApp.Schema, as the
// shell of Erlang shows it, is MyApp.Schema.
func (c *AbsintheConfig) SetDefaults() {
	c.Schema = strings.TrimPrefix(c.Schema, elixirPrefix)
	c.JSONCodec = strings.TrimPrefix(c.JSONCodec, elixirPrefix)
	c.PubSub = strings.TrimPrefix(c.PubSub, elixirPrefix)
	c.ContextFrom = strings.TrimPrefix(c.ContextFrom, elixirPrefix)
}

// An Operation is what a client wants run.
type Operation struct {
	Document string
	// Variables is a JSON object, or empty.
	Variables []byte
	// Name is the operation to run of a document with several, or empty.
	Name string
	// Context is the encoded map that becomes the resolvers' context. Its atoms
	// live for ever on the node.
	Context []byte
	// Claims is the encoded map that [AbsintheConfig.ContextFrom] gets; empty if it is
	// empty.
	Claims []byte
	// ContextKey is the cache key of the context that a node builds of Claims. It must
	// differ where Claims differ. The cached context is used until ContextExpires, if
	// that is not zero.
	ContextKey     string
	ContextExpires time.Time
	// Idempotent says that the operation is safe to run twice, as queries are. If
	// a node is lost while it runs, another one is asked.
	Idempotent bool
	// Filter selects the nodes that may run the operation. Nil selects all.
	Filter NodeFilter
}

// Absinthe runs documents on the nodes of a pool.
type Absinthe struct {
	Pool   *Pool
	Config AbsintheConfig

	once       sync.Once // of expression and contexts
	expression []byte
	contexts   *cache.Cache[contextKey, *builtContext]
}

// Run is Absinthe.run/3 on one of the nodes. The answer's Value is the result
// map, with the keys data and errors; it prints as the JSON of a GraphQL response
// with [etf.Term.AppendJSON].
//
// Errors are those of [Pool.Call], [*ContextError], and [*etf.SyntaxError] for
// variables that are not JSON, in which case no node was asked.
func (a *Absinthe) Run(ctx context.Context, op Operation) (*Result, error) {
	if a.Config.ContextFrom != "" {
		return a.runWithContextFrom(ctx, op)
	}
	return a.run(ctx, op)
}

func (a *Absinthe) run(ctx context.Context, op Operation) (*Result, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	var err error
	if *b, err = a.appendRun((*b)[:0], op); err != nil {
		return nil, err
	}
	result, err := a.Pool.execute(ctx, fixedArguments(*b), op.Idempotent, op.Filter)
	if err != nil {
		return nil, err
	}
	unwrapTrapping(result)
	if err := result.unwrapOK(); err != nil {
		result.Release()
		return nil, err
	}
	return result, nil
}

// appendRun appends the arguments of a call of Absinthe.run/3.
func (a *Absinthe) appendRun(b []byte, op Operation) ([]byte, error) {
	b, err := a.appendArgs(beginTrappingCall(b, "Elixir.Absinthe", "run"), op)
	return endTrappingCall(b), err
}

// appendArgs appends [Document, Schema, Options].
func (a *Absinthe) appendArgs(b []byte, op Operation) ([]byte, error) {
	b = etf.AppendList(b, 3)
	b = etf.AppendBinary(b, op.Document)
	b = etf.AppendAtom(b, ModuleAtom(a.Config.Schema))

	b, err := a.Config.appendOptions(b, op, 1)
	if err != nil {
		return b, err
	}
	b = etf.AppendAtom(etf.AppendTuple(b, 2), "context")
	b = op.appendContext(b)
	return etf.AppendNil(etf.AppendNil(b)), nil
}

// appendOptions appends the list of Absinthe's options up to where so many more are
// to follow, and then the tail.
func (c *AbsintheConfig) appendOptions(b []byte, op Operation, more int) ([]byte, error) {
	var few [96]byte
	configured, n := c.appendConfigured(few[:0])
	b = append(etf.AppendList(b, n+2+more), configured...)
	b = etf.AppendAtom(etf.AppendTuple(b, 2), "variables")
	if len(op.Variables) == 0 {
		b = etf.AppendMap(b, 0)
	} else {
		var err error
		if b, err = etf.AppendJSONTerm(b, op.Variables); err != nil {
			return b, err
		}
	}
	b = etf.AppendAtom(etf.AppendTuple(b, 2), "operation_name")
	if op.Name == "" {
		return etf.AppendAtom(b, "nil"), nil
	}
	return etf.AppendBinary(b, op.Name), nil
}

// appendConfigured appends the options that the configuration asks for, and says how
// many they are.
func (c *AbsintheConfig) appendConfigured(b []byte) (_ []byte, n int) {
	if c.AnalyzeComplexity || c.MaxComplexity > 0 {
		b, n = etf.AppendBool(etf.AppendAtom(etf.AppendTuple(b, 2), "analyze_complexity"), true), n+1
	}
	if c.MaxComplexity > 0 {
		b, n = etf.AppendInt(etf.AppendAtom(etf.AppendTuple(b, 2), "max_complexity"), int64(c.MaxComplexity)), n+1
	}
	if c.TokenLimit > 0 {
		b, n = etf.AppendInt(etf.AppendAtom(etf.AppendTuple(b, 2), "token_limit"), int64(c.TokenLimit)), n+1
	}
	return b, n
}

// appendContext appends the context, which is empty unless there is one.
func (op *Operation) appendContext(b []byte) []byte {
	if len(op.Context) == 0 {
		return etf.AppendMap(b, 0)
	}
	return append(b, op.Context...)
}

// ok unwraps {ok, Result}. Absinthe answers {error, Message} when it could not
// run its own pipeline, which is a fault of the application and not of the
// document.
func (a *Result) unwrapOK() error {
	d := etf.NewDecoder(a.Value)
	arity, err := d.Tuple()
	if err == nil && arity == 2 {
		if tag, err := d.Atom(); err == nil && tag == "ok" {
			a.Value = d.Rest()
			return nil
		}
	}
	return &CallError{Node: a.Node, Class: "error", Reason: "Absinthe.run returned " + a.Value.String()}
}
