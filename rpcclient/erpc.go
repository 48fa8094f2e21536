package rpcclient

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Result is the value that a called function returned.
type Result struct {
	// Value is valid until Release.
	Value etf.Term
	// Node is the name of the node that ran the function.
	Node string
	// Header is what the application adds to the response, and Status its own; 0: none.
	Status  int
	Header  []HeaderField
	exit    *erldist.Payload
	conn    *liveConn // of the call
	encoded *Result   // holds the structs that the node encoded
}

// Release frees the memory of Value. It must be called once.
func (a *Result) Release() {
	a.exit.Release()
	if a.encoded != nil {
		a.encoded.Release()
	}
}

// A CallError says that the called function did not return.
type CallError struct {
	Node  string
	Class string // error, exit or throw as in try/catch; signal: the process was killed
	// Reason is the exception's reason in Elixir's notation, with a stack trace if it
	// has one. It may hold data of the application: it is for logs, not for clients.
	Reason string
}

func (e *CallError) Error() string {
	return fmt.Sprintf("call on %s ended by %s: %s", e.Node, e.Class, e.Reason)
}

// liveConn is a connection that can make calls.
type liveConn struct {
	*erldist.Conn
	id       uint64 // unique in this process
	since    time.Time
	progress progress
	// extractsTraces: the node has [traceExtractor].
	extractsTraces atomic.Bool
	// leader is the node's process user, the group leader of calls: the output and the
	// log lines of resolvers go where the application's own go.
	leader     etf.Pid
	subscriber program
	uploader   program
}

var connections atomic.Uint64

// newLiveConn prepares a connection for calls.
func newLiveConn(ctx context.Context, conn *erldist.Conn) (*liveConn, error) {
	c := &liveConn{Conn: conn, id: connections.Add(1), since: time.Now(), subscriber: newProgram(agent.Subscribe), uploader: newProgram(agent.Upload)}
	result, err := c.Call(ctx, "erlang", "whereis", atomArgs("user"))
	if err != nil {
		return nil, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	if c.leader, err = d.Pid(); err != nil {
		return nil, fmt.Errorf("%s has no process named user, which calls need as their group leader", conn.Peer().Name)
	}
	return c, nil
}

// Call runs module:function with args, an encoded list, as erpc:call/4 does.
func (c *liveConn) Call(ctx context.Context, module, function string, args []byte) (*Result, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	*b = append(beginCall((*b)[:0], module, function), args...)
	*b = endCall(*b)
	return c.execute(ctx, *b, erldist.Spawn{})
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// putBuffer returns a buffer to the pool unless it is large.
func putBuffer(b *[]byte) {
	if cap(*b) <= 1<<20 {
		buffers.Put(b)
	}
}

// callRef is the Ref of every call. erpc puts it into the exit reason of a call, which
// exit signals of other processes lack. The monitor's reference identifies the call.
var callRef = etf.Ref{Node: "nonode@nohost", Len: 1}

// beginCall appends the start of erpc:execute_call's argument list [Ref, Module,
// Function, Args]. The caller appends Args and calls endCall.
func beginCall(b []byte, module, function string) []byte {
	b = etf.AppendList(b, 4)
	b = etf.AppendRef(b, callRef)
	b = etf.AppendAtom(b, module)
	return etf.AppendAtom(b, function)
}

func endCall(b []byte) []byte { return etf.AppendNil(b) }

// execute runs erpc:execute_call/4 in a new process on the node, with the options of s. The
// outcome is the process's exit reason: {Ref, return, Value}, {Ref, throw | exit | error, Reason} or
// {Ref, error, Reason, Stack}.
func (c *liveConn) execute(ctx context.Context, args []byte, s erldist.Spawn) (*Result, error) {
	s.Module, s.Function, s.Args, s.Arity, s.GroupLeader = "erpc", "execute_call", args, 4, c.leader
	exit, err := c.Spawn(ctx, s)
	if err != nil {
		return nil, err
	}
	node := c.Peer().Name
	d := etf.NewDecoder(exit.Term)
	arity, _ := d.Tuple()
	ref, err := d.Ref()
	var class string
	if err == nil && arity >= 3 && ref == callRef {
		class, _ = d.Atom()
	}
	switch class {
	case "return":
		return &Result{Value: d.Rest(), Node: node, exit: exit, conn: c}, nil
	case "throw", "exit", "error":
		defer exit.Release()
		return nil, &CallError{Node: node, Class: class, Reason: reasonText(d)}
	}
	defer exit.Release()
	return nil, &CallError{Node: node, Class: "signal", Reason: exit.Term.String()}
}

// reasonText formats the reason and the stack trace, if any.
func reasonText(d etf.Decoder) string {
	reason, err := d.Term()
	if err != nil {
		return err.Error()
	}
	if stack := d.Rest(); len(stack.Bytes) > 0 {
		return reason.String() + " at " + stackText(stack)
	}
	return reason.String()
}
