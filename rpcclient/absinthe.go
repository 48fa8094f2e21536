package rpcclient

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// AbsintheConfig configures Absinthe.run/3: the schema, and the options that are the
// same for every document.
type AbsintheConfig struct {
	// Schema is the schema's module in Elixir's notation: MyApp.Schema.
	Schema string `yaml:"schema" env:"SCHEMA"`
	// AnalyzeComplexity makes Absinthe compute the complexity of an operation.
	AnalyzeComplexity bool `yaml:"analyze_complexity" env:"ANALYZE_COMPLEXITY"`
	// MaxComplexity makes Absinthe refuse operations of a higher complexity. 0: no
	// limit. A limit turns AnalyzeComplexity on.
	MaxComplexity int `yaml:"max_complexity" env:"MAX_COMPLEXITY"`
	// TokenLimit makes Absinthe refuse documents of more tokens. 0: no limit.
	TokenLimit int `yaml:"token_limit" env:"TOKEN_LIMIT"`
	// PubSub is the module that publishes mutations to subscribers, MyAppWeb.Endpoint.
	// Absinthe reads it from the context's key pubsub. Empty: none.
	PubSub string `yaml:"pubsub" env:"PUBSUB"`
	// JSONCodec is the module whose encode!/1 encodes the application's own structs on
	// the node: Jason. Empty: a result with such a struct is an error.
	JSONCodec string `yaml:"json_codec" env:"JSON_CODEC"`
	// ContextFrom is a function of the application, MyApp.Gateway.build_context. It
	// takes the claims and returns a map or {:ok, map}, which is merged into the
	// context, or {:error, reason}. Empty: none.
	ContextFrom string `yaml:"context_from" env:"CONTEXT_FROM"`
	// ContextCache is how long a context is cached that ContextFrom built. 0: not at
	// all.
	ContextCache time.Duration `yaml:"context_cache" env:"CONTEXT_CACHE"`
	PlugConfig   `yaml:",inline"`
	// Prepare is "on": nodes prepare documents, with code that the gateway loads into
	// them; or "off", which is the default.
	Prepare string `yaml:"prepare" env:"PREPARE"`
	// PrepareMemory bounds the prepared documents of a node, in bytes.
	PrepareMemory int `yaml:"prepare_memory" env:"PREPARE_MEMORY"`
	// LogMetadata is "on", which is the default: the lines that resolvers log have the ids
	// of request and trace; or "off".
	LogMetadata string `yaml:"log_metadata" env:"LOG_METADATA"`
	// TraceContext is "on": the application's spans are below the gateway's; or "off",
	// which is the default.
	TraceContext string `yaml:"trace_context" env:"TRACE_CONTEXT"`
}

var moduleName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_]*(\.[A-Z][A-Za-z0-9_]*)*$`)

// Validate reports everything that is wrong, with the keys.
func (c *AbsintheConfig) Validate() error {
	var errs []error
	if !isModule(c.Schema) {
		errs = append(errs, keypath.Errorf("schema", "is not a module such as MyApp.Schema"))
	}
	if c.PubSub != "" && !isModule(c.PubSub) {
		errs = append(errs, keypath.Errorf("pubsub", "is not a module such as MyAppWeb.Endpoint"))
	}
	if c.JSONCodec != "" && !isModule(c.JSONCodec) {
		errs = append(errs, keypath.Errorf("json_codec", "is not a module such as Jason"))
	}
	return errors.Join(append(errs,
		keypath.NotNegative("max_complexity", c.MaxComplexity, "a number, such as 1000"),
		keypath.NotNegative("token_limit", c.TokenLimit, "a number, such as 1000"),
		keypath.OneOf("prepare", cmp.Or(c.Prepare, off), on, off),
		keypath.OneOf("log_metadata", cmp.Or(c.LogMetadata, on), on, off),
		keypath.OneOf("trace_context", cmp.Or(c.TraceContext, off), on, off),
		keypath.NotNegative("prepare_memory", c.PrepareMemory, "a number of bytes, such as 67108864"),
		c.validateContextFrom(),
		c.PlugConfig.validate())...)
}

func isModule(name string) bool {
	return moduleName.MatchString(name) && len(name) <= 240 && !strings.HasPrefix(name, elixirPrefix)
}

// elixirPrefix is the prefix of every Elixir module's atom.
const elixirPrefix = "Elixir."

// ModuleAtom returns the atom of a module that is given in Elixir's notation.
func ModuleAtom(name string) string { return elixirPrefix + name }

// Values of switches.
const (
	on  = "on"
	off = "off"
)

// Prepares reports whether nodes prepare documents.
func (c *AbsintheConfig) Prepares() bool { return c.Prepare == on }

// UsesAgent reports whether nodes get the agent.
func (c *AbsintheConfig) UsesAgent() bool { return c.Prepares() || c.NeedsAgent() }

// PropagatesTraces reports whether applications get the traces of operations.
func (c *AbsintheConfig) PropagatesTraces() bool { return c.TraceContext == on }

// SetDefaults converts modules to Elixir's notation: Elixir.MyApp.Schema, as the
// Erlang shell prints it, becomes MyApp.Schema.
func (c *AbsintheConfig) SetDefaults() {
	c.Schema = strings.TrimPrefix(c.Schema, elixirPrefix)
	c.JSONCodec = strings.TrimPrefix(c.JSONCodec, elixirPrefix)
	c.PubSub = strings.TrimPrefix(c.PubSub, elixirPrefix)
	c.ContextFrom = strings.TrimPrefix(c.ContextFrom, elixirPrefix)
	c.PlugConfig.setDefaults()
	c.Prepare = cmp.Or(c.Prepare, off)
	c.LogMetadata = cmp.Or(c.LogMetadata, on)
	c.TraceContext = cmp.Or(c.TraceContext, off)
	c.PrepareMemory = cmp.Or(c.PrepareMemory, 64<<20)
}

// An Operation is one GraphQL operation of a client.
type Operation struct {
	Document string
	// Hash identifies a prepared document. Zero: it is computed.
	Hash DocumentHash
	// Variables is a JSON object, or empty.
	Variables []byte
	// Name selects the operation of a document that has several. It may be empty.
	Name string
	// Context is the encoded map that becomes the resolvers' context. Its atoms are
	// never freed on the node.
	Context []byte
	// Claims is the encoded map for [AbsintheConfig.ContextFrom]. Empty: an empty map.
	Claims []byte
	// ContextKey is the cache key of the context that a node builds from Claims.
	// Different Claims need different keys. A ContextExpires that is not zero ends the
	// caching early.
	ContextKey     string
	ContextExpires time.Time
	// Request is the encoded request for plugs. Only [AbsintheConfig.UsesConn] needs it.
	Request []byte
	// Idempotent operations, such as queries, are retried on another node if their
	// node is lost.
	Idempotent bool
	// RequestID and Trace are for the log and the spans of the application. They may be zero.
	RequestID string
	Trace     Trace
	// Filter selects the nodes that may run the operation. Nil selects all.
	Filter NodeFilter
	// Observer observes the call. Nil: none does.
	Observer CallObserver

	encodedVariables []byte // of Variables; nil: not encoded yet
}

// A CallObserver observes a call.
type CallObserver interface {
	// Sent is called when the call has a slot on a node, for each attempt.
	Sent(node string)
	// SetPrepared is called for each attempt, and with the result: whether the node runs the
	// operation from a prepared document.
	SetPrepared(prepared bool)
	// Identify returns a [CallIdentity]. It runs while the call is in flight.
	Identify() any
	// Annotate gets the line of code that a slow call is at. It runs while the call is in
	// flight, and must not block.
	Annotate(note string)
}

// DocumentHash is the SHA-256 of a document.
type DocumentHash [sha256.Size]byte

// Absinthe runs documents on the nodes of a pool.
type Absinthe struct {
	Pool   *Pool
	Config AbsintheConfig

	once       sync.Once // guards expression and contexts
	expression []byte
	contexts   *cache.Cache[contextKey, *builtContext]
}

// Run calls Absinthe.run/3 on one of the nodes. The result's Value is Absinthe's
// result map, with the keys data and errors. [etf.Term.AppendJSON] turns it into the
// JSON of a GraphQL response.
//
// Errors are those of [Pool.Call], [*ContextError], [*HaltedError], and [*etf.SyntaxError] for invalid
// JSON in Variables, which no node has seen.
func (a *Absinthe) Run(ctx context.Context, op Operation) (*Result, error) {
	if a.Config.ContextFrom != "" || a.Config.UsesAgent() || a.Config.PropagatesTraces() {
		return a.runByNode(ctx, op)
	}
	return a.run(ctx, op)
}

func (a *Absinthe) run(ctx context.Context, op Operation) (*Result, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	var err error
	setup := a.setupOf(&op, nil)
	if *b, err = a.appendRun((*b)[:0], setup, op); err != nil {
		return nil, err
	}
	result, err := a.Pool.execute(ctx, fixedArguments(*b), op.Idempotent, op.Filter, op.Observer)
	if err != nil {
		return nil, err
	}
	result.Value = setup.value(result.Value)
	if err := result.unwrapOK(); err != nil {
		result.Release()
		return nil, err
	}
	return result, nil
}

// appendRun appends the arguments of a call of Absinthe.run/3.
func (a *Absinthe) appendRun(b []byte, s setup, op Operation) ([]byte, error) {
	b, err := a.appendArgs(s.beginCall(b, &op, "Elixir.Absinthe", "run"), op)
	return s.endCall(b), err
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

// appendOptions appends the list of Absinthe's options without its tail. The caller
// appends `more` further options and the tail.
func (c *AbsintheConfig) appendOptions(b []byte, op Operation, more int) ([]byte, error) {
	var few [96]byte
	configured, n := c.appendConfigured(few[:0])
	b = append(etf.AppendList(b, n+2+more), configured...)
	b = etf.AppendAtom(etf.AppendTuple(b, 2), "variables")
	b, err := op.appendVariables(b)
	if err != nil {
		return b, err
	}
	b = etf.AppendAtom(etf.AppendTuple(b, 2), "operation_name")
	if op.Name == "" {
		return etf.AppendAtom(b, "nil"), nil
	}
	return etf.AppendBinary(b, op.Name), nil
}

func (op *Operation) appendVariables(b []byte) ([]byte, error) {
	switch {
	case op.encodedVariables != nil:
		return append(b, op.encodedVariables...), nil
	case len(op.Variables) == 0:
		return etf.AppendMap(b, 0), nil
	}
	return etf.AppendJSONTerm(b, op.Variables)
}

// appendConfigured appends the configured options and returns their number.
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

// appendContext appends the context, or an empty map.
func (op *Operation) appendContext(b []byte) []byte {
	if len(op.Context) == 0 {
		return etf.AppendMap(b, 0)
	}
	return append(b, op.Context...)
}

// unwrapOK replaces {ok, Result} by Result. {error, Message} means that Absinthe could
// not run its own pipeline: a fault of the application, not of the document.
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
