package rpcclient

import (
	"bytes"
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
	// Pipeline is a function of a configuration and options that returns the pipeline of a
	// document, as the option pipeline of Absinthe.Plug. Empty: Absinthe's own.
	Pipeline string `yaml:"pipeline" env:"PIPELINE"`
	// ResponseFrom is a function of the final context and the result that returns headers,
	// cookies and a status, for applications without Plug. Empty: none.
	ResponseFrom string `yaml:"response_from" env:"RESPONSE_FROM"`
	// Responds: the response has headers of the application.
	Responds bool `yaml:"-"`
}

// UsesConn reports whether operations have a conn.
func (c *PlugConfig) UsesConn() bool { return len(c.Plugs) > 0 || c.BeforeSend != "" }

// NeedsAgent reports whether nodes need the agent to run operations.
func (c *PlugConfig) NeedsAgent() bool {
	return c.UsesConn() || c.Pipeline != "" || c.ResponseFrom != ""
}

func (c *PlugConfig) setDefaults() {
	for i, name := range c.Plugs {
		c.Plugs[i] = strings.TrimPrefix(name, elixirPrefix)
	}
	for _, name := range []*string{&c.BeforeSend, &c.Pipeline, &c.ResponseFrom} {
		*name = strings.TrimPrefix(*name, elixirPrefix)
	}
}

func (c *PlugConfig) validate() error {
	var errs []error
	for i, name := range c.Plugs {
		if !isModule(name) && !isFunction(name) {
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a module such as MyAppWeb.Context or a function such as MyAppWeb.Router.graphql"), "plugs", i))
		}
	}
	for _, f := range []struct{ key, name, example string }{
		{"before_send", c.BeforeSend, "MyAppWeb.Router.absinthe_before_send"},
		{"pipeline", c.Pipeline, "MyAppWeb.Router.pipeline"},
		{"response_from", c.ResponseFrom, "MyApp.Gateway.respond"},
	} {
		if f.name != "" && !isFunction(f.name) {
			errs = append(errs, keypath.Errorf(f.key, "is not a function such as %s", f.example))
		}
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

// appendSource appends the source of the context, the argument of build/1 of the agent.
func (c *AbsintheConfig) appendSource(b []byte, op *Operation, buildsContext, returned bool) []byte {
	switch {
	case c.UsesConn():
		return c.appendConn(b, op)
	case buildsContext:
		return c.appendFrom(b, op, returned)
	}
	return op.appendContext(etf.AppendAtom(etf.AppendTuple(b, 2), "map"))
}

// appendFrom appends {from, Module, Function, Claims, Map, Returned}.
func (c *AbsintheConfig) appendFrom(b []byte, op *Operation, returned bool) []byte {
	module, function := c.contextFunction()
	b = etf.AppendAtom(etf.AppendTuple(b, 6), "from")
	b = etf.AppendAtom(etf.AppendAtom(b, ModuleAtom(module)), function)
	return etf.AppendBool(op.appendContext(op.appendClaims(b)), returned)
}

// appendConn appends {conn, Request, Plugs, Endpoint, Map}.
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

// appendRespond appends {function, Function}, {conn, BeforeSend} or none.
func (c *PlugConfig) appendRespond(b []byte) []byte {
	switch {
	case c.ResponseFrom != "":
		return appendFunction(etf.AppendAtom(etf.AppendTuple(b, 2), "function"), c.ResponseFrom)
	case !c.Responds || !c.UsesConn():
		return etf.AppendAtom(b, "none")
	}
	return appendFunction(etf.AppendAtom(etf.AppendTuple(b, 2), "conn"), c.BeforeSend)
}

// appendServe appends the arguments of serve/7 of the agent:
//
//	[Hash, Document | known, Schema, Options, Context, Setup, Respond]
func (c *operationCall) appendServe(b []byte, op Operation) []byte {
	config := &c.app.Config
	b = etf.AppendList(beginCall(b, agent.Module, "serve"), 7)
	if config.Prepares() {
		b = etf.AppendBinary(b, op.Hash[:])
	} else {
		b = config.appendPipeline(b)
	}
	b = c.appendDocument(b, op)
	b, _ = config.appendOptions(etf.AppendAtom(b, ModuleAtom(config.Schema)), op, 0) // the variables are encoded
	b = config.appendSource(etf.AppendNil(b), &op, c.buildsContext(), config.ContextCache > 0)
	b = (c.setup &^ trapExits).appendFunctions(b, &op)
	return endCall(etf.AppendNil(config.appendRespond(b)))
}

// appendPipeline appends what stands for the hash of a document that is not prepared:
// {pipeline, Function}, or none.
func (c *PlugConfig) appendPipeline(b []byte) []byte {
	if c.Pipeline != "" {
		return appendFunction(etf.AppendAtom(etf.AppendTuple(b, 2), "pipeline"), c.Pipeline)
	}
	return etf.AppendAtom(b, "none")
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

// unwrapServe reduces {answered, Status, Header, Built, Outcome} to Outcome, and returns Built.
func (a *Absinthe) unwrapServe(result *Result) (built etf.Term, err error) {
	if err := a.refusal(result); err != nil {
		return built, err
	}
	d := etf.NewDecoder(result.Value)
	if _, err = d.Tuple(); err != nil {
		return built, err
	}
	if _, err = d.Atom(); err != nil {
		return built, err
	}
	status, err := d.Term()
	if err != nil {
		return built, err
	}
	if result.Status, err = a.readStatus(result.Node, status); err != nil {
		return built, err
	}
	if result.Header, err = readHeader(&d); err != nil {
		return built, err
	}
	built, err = d.Term()
	result.Value = d.Rest()
	return built, err
}

// readStatus reads a status, or none.
func (a *Absinthe) readStatus(node string, status etf.Term) (int, error) {
	d := etf.NewDecoder(status)
	if none, err := d.Atom(); err == nil && none == "none" {
		return 0, nil
	}
	d = etf.NewDecoder(status)
	if n, err := d.Int(); err == nil && isFinal(n) {
		return int(n), nil
	}
	return 0, &CallError{Node: node, Class: "error", Reason: a.Config.ResponseFrom + " returned the status " + status.String()}
}

// isFinal reports whether a status is that of a final response.
func isFinal(status int64) bool { return status >= 200 && status <= 599 }

// refusal returns the error of an operation that the application refused to run: {halted,
// Status, Header, Body} or {returned, Other}.
func (a *Absinthe) refusal(result *Result) error {
	d := etf.NewDecoder(result.Value)
	if _, err := d.Tuple(); err != nil {
		return err
	}
	switch tag, err := d.Atom(); {
	case err != nil:
		return err
	case tag == "halted":
		return result.haltedError(d)
	case tag == "returned":
		return a.contextError(result.Node, d.Rest())
	}
	return nil
}

// haltedError reads Status, Header, Body.
func (a *Result) haltedError(d etf.Decoder) error {
	status, err := d.Int()
	if err != nil {
		return err
	}
	if !isFinal(status) {
		return &CallError{Node: a.Node, Class: "error", Reason: fmt.Sprintf("a plug halted with status %d", status)}
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
		return &CallError{Node: a.Node, Class: "error", Reason: fmt.Sprintf("a plug halted with a body of %d bytes; the maximum is %d", len(body), maxHaltedBody)}
	}
	return &HaltedError{Node: a.Node, Status: int(status), Header: header, Body: append([]byte(nil), body...)}
}

// Bounds of what a node adds to a response, in bytes.
const (
	maxHeader     = 32 << 10
	maxHaltedBody = 64 << 10
)

// isControl reports whether a field of a header cannot have a character (RFC 9110, 5.5).
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

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
		if bytes.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("the application set the response header %q to a value with control characters", name)
		}
		header = append(header, HeaderField{string(name), string(value)})
	}
	return header, d.Nil()
}
