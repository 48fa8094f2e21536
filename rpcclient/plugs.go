package rpcclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// PlugConfig has the functions of the application that take or return HTTP: plugs, and what
// else Absinthe.Plug calls. They run in the process of the operation. The agent calls them,
// so nodes get no calls without it.
type PlugConfig struct {
	// Plugs build the context of an operation, in order: modules, MyAppWeb.Context, and
	// functions, MyAppWeb.Router.graphql, such as the pipelines of Phoenix routers.
	Plugs []string `yaml:"plugs" env:"PLUGS"`
	// BeforeSend is a function of a conn and a blueprint, as the option before_send of
	// Absinthe.Plug. Empty: none.
	BeforeSend string `yaml:"before_send" env:"BEFORE_SEND"`
	// Responds: the response has headers of the application.
	Responds bool `yaml:"-"`
}

// UsesConn reports whether operations have a conn.
func (c *PlugConfig) UsesConn() bool { return len(c.Plugs) > 0 || c.BeforeSend != "" }

// NeedsAgent reports whether nodes need the agent to run operations.
func (c *PlugConfig) NeedsAgent() bool { return c.UsesConn() }

func (c *PlugConfig) setDefaults() {
	for i, name := range c.Plugs {
		c.Plugs[i] = strings.TrimPrefix(name, elixirPrefix)
	}
	c.BeforeSend = strings.TrimPrefix(c.BeforeSend, elixirPrefix)
}

func (c *PlugConfig) validate() error {
	var errs []error
	for i, name := range c.Plugs {
		if !isModule(name) && !isFunction(name) {
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a module such as MyAppWeb.Context or a function such as MyAppWeb.Router.graphql"), "plugs", i))
		}
	}
	if c.BeforeSend != "" && !isFunction(c.BeforeSend) {
		errs = append(errs, keypath.Errorf("before_send", "is not a function such as MyAppWeb.Router.absinthe_before_send"))
	}
	return errors.Join(errs...)
}

// isFunction reports whether a name is that of a function, Module.function.
func isFunction(name string) bool {
	module, function := splitFunction(name)
	return isModule(module) && functionName.MatchString(function) && len(name) <= 240
}

// splitFunction splits Module.function.
func splitFunction(name string) (module, function string) {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot], name[dot+1:]
	}
	return "", name
}

// appendFunction appends {Module, Function}, or none.
func appendFunction(b []byte, name string) []byte {
	if name == "" {
		return etf.AppendAtom(b, "none")
	}
	module, function := splitFunction(name)
	return etf.AppendAtom(etf.AppendAtom(etf.AppendTuple(b, 2), ModuleAtom(module)), function)
}

// appendConn appends {conn, Request, Plugs, Endpoint, Map}, the argument of build/1 of the
// agent.
func (c *AbsintheConfig) appendConn(b []byte, op *Operation) []byte {
	b = append(etf.AppendAtom(etf.AppendTuple(b, 5), "conn"), op.Request...)
	if len(c.Plugs) > 0 {
		b = etf.AppendList(b, len(c.Plugs))
	}
	for _, name := range c.Plugs {
		if isModule(name) {
			b = etf.AppendAtom(b, ModuleAtom(name))
		} else {
			b = appendFunction(b, name)
		}
	}
	b = etf.AppendNil(b)
	if c.PubSub == "" {
		b = etf.AppendAtom(b, "none")
	} else {
		b = etf.AppendAtom(b, ModuleAtom(c.PubSub))
	}
	return op.appendContext(b)
}

// appendRespond appends {conn, BeforeSend}, or none.
func (c *PlugConfig) appendRespond(b []byte) []byte {
	if !c.Responds {
		return etf.AppendAtom(b, "none")
	}
	return appendFunction(etf.AppendAtom(etf.AppendTuple(b, 2), "conn"), c.BeforeSend)
}

// appendServe appends the arguments of serve/7 of the agent:
//
//	[Hash | none, Document | known, Schema, Options, Context, Setup, Respond]
func (c *operationCall) appendServe(b []byte, op Operation) []byte {
	config := &c.app.Config
	b = etf.AppendList(beginCall(b, agent.Module, "serve"), 7)
	if config.Prepares() {
		b = etf.AppendBinary(b, op.Hash[:])
	} else {
		b = etf.AppendAtom(b, "none")
	}
	b = c.appendDocument(b, op)
	b, _ = config.appendOptions(etf.AppendAtom(b, ModuleAtom(config.Schema)), op, 0) // the variables are encoded
	b = config.appendConn(etf.AppendNil(b), &op)
	b = (c.setup &^ trapExits).appendFunctions(b, &op)
	return endCall(etf.AppendNil(config.appendRespond(b)))
}

// A HeaderField is a field of a response, with its name in lower case as Plug has it.
type HeaderField struct{ Name, Value string }

// A HaltedError is the response of a plug that halted: the operation did not run.
type HaltedError struct {
	Node   string
	Status int // from 200 to 599
	Header []HeaderField
	Body   []byte
}

func (e *HaltedError) Error() string {
	return fmt.Sprintf("a plug on %s halted with status %d", e.Node, e.Status)
}

// unwrapServe reduces {answered, Header, Outcome} to Outcome.
func (result *Result) unwrapServe() error {
	if err := result.halted(); err != nil {
		return err
	}
	d := etf.NewDecoder(result.Value)
	if _, err := d.Tuple(); err != nil {
		return err
	}
	if _, err := d.Atom(); err != nil {
		return err
	}
	var err error
	result.Header, err = readHeader(&d)
	result.Value = d.Rest()
	return err
}

// halted returns an error for {halted, Status, Header, Body}.
func (result *Result) halted() error {
	d := etf.NewDecoder(result.Value)
	if arity, err := d.Tuple(); err != nil || arity != 4 {
		return err
	}
	if _, err := d.Atom(); err != nil {
		return err
	}
	status, err := d.Int()
	if err != nil {
		return err
	}
	if status < 200 || status > 599 {
		return &CallError{Node: result.Node, Class: "error", Reason: fmt.Sprintf("a plug halted with status %d", status)}
	}
	header, err := readHeader(&d)
	if err != nil {
		return err
	}
	body, err := d.Binary()
	if err != nil {
		return err
	}
	if len(body) > maxHaltedBody {
		return &CallError{Node: result.Node, Class: "error", Reason: fmt.Sprintf("a plug halted with a body of %d bytes; the maximum is %d", len(body), maxHaltedBody)}
	}
	return &HaltedError{Node: result.Node, Status: int(status), Header: header, Body: append([]byte(nil), body...)}
}

// Bounds of what a node adds to a response, in bytes.
const (
	maxHeader     = 32 << 10
	maxHaltedBody = 64 << 10
)

// readHeader reads [{Name, Value}].
func readHeader(d *etf.Decoder) ([]HeaderField, error) {
	n, err := d.List()
	if err != nil || n == 0 {
		return nil, err
	}
	var header []HeaderField
	size := 0
	for range n {
		if _, err := d.Tuple(); err != nil {
			return nil, err
		}
		name, err := d.Binary()
		if err != nil {
			return nil, err
		}
		value, err := d.Binary()
		if err != nil {
			return nil, err
		}
		if size += len(name) + len(value); size > maxHeader {
			return nil, fmt.Errorf("the application's response header has more than %d bytes", maxHeader)
		}
		header = append(header, HeaderField{string(name), string(value)})
	}
	return header, d.Nil()
}
