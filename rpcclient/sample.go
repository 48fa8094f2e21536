package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// sampleTime bounds the time in which a node tells what processes do.
const sampleTime = time.Second

// Bounds of a sample, beyond those that agent.Stacks keeps: a node could send anything.
const (
	maxSampledProcesses = 8
	maxFrames           = 64
	maxFrameText        = 300 // bytes
)

// A ProcessSample is what a process was doing. It has no data of the application.
type ProcessSample struct {
	Name       string `json:"name,omitempty"` // that it is registered with
	Status     string `json:"status"`         // of process_info/2, such as waiting
	Memory     int64  `json:"memory_bytes"`
	Reductions int64  `json:"reductions"`
	Messages   int64  `json:"messages"` // in its queue
	// Line is the innermost frame that is of neither Erlang, Elixir nor a known library;
	// empty: there is none.
	Line string `json:"line,omitempty"`
	// Stack has its functions with file and line, the innermost first.
	Stack []string `json:"stack"`
}

// sample asks the node what slow calls do, stores it, and notes it at the calls.
func (c *liveConn) sample(ctx context.Context, due []erldist.DueCall, to *SlowCalls) error {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	pids := etf.AppendList(nil, len(due))
	for _, call := range due {
		pids = etf.AppendPid(pids, call.Pid)
	}
	result, err := c.evaluate(ctx, agent.Stacks, binding{"Pids", etf.AppendNil(pids)})
	if err != nil {
		return err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	if n, err := d.List(); err != nil || n != len(due) {
		return errSample
	}
	for _, call := range due {
		processes, err := readProcesses(&d)
		if err != nil {
			return err
		}
		if len(processes) == 0 {
			continue // it has just ended
		}
		identity, _ := call.Identity.(CallIdentity)
		s := SlowCall{CallIdentity: identity, Node: result.Node, TookMS: call.Took.Milliseconds(), Processes: processes}
		s.Line = lineOf(processes)
		c.Annotate(call, "in "+s.Line)
		to.add(s)
	}
	return nil
}

// lineOf returns where a call is, and where the process is that it waits for.
func lineOf(processes []ProcessSample) string {
	line := processes[0].Line
	for _, p := range processes[1:] {
		switch {
		case p.Line == "":
		case line == "":
			return p.Line
		default:
			return line + ", which waits for " + p.Line
		}
	}
	if line == "" && len(processes[0].Stack) > 0 {
		return processes[0].Stack[0]
	}
	return line
}

var errSample = errors.New("the node returned no stacks")

func readProcesses(d *etf.Decoder) ([]ProcessSample, error) {
	n, err := d.List()
	if err != nil || n > maxSampledProcesses {
		return nil, errSample
	}
	processes := make([]ProcessSample, n)
	for i := range processes {
		if err := processes[i].read(d); err != nil {
			return nil, err
		}
	}
	if n > 0 {
		err = d.Nil()
	}
	return processes, err
}

// read reads {Name, Status, Memory, Reductions, Messages, Stack}.
func (p *ProcessSample) read(d *etf.Decoder) error {
	arity, err1 := d.Tuple()
	name, err2 := d.Binary()
	status, err3 := d.Atom()
	p.Name, p.Status = shortened(string(name)), shortened(status)
	errs := errors.Join(err1, err2, err3)
	for _, number := range []*int64{&p.Memory, &p.Reductions, &p.Messages} {
		var err error
		*number, err = d.Int()
		errs = errors.Join(errs, err)
	}
	frames, err := d.List()
	if errs != nil || err != nil || arity != 6 || frames > maxFrames {
		return errSample
	}
	p.Stack = make([]string, frames)
	for i := range p.Stack {
		frame, err := d.Term()
		if err != nil {
			return err
		}
		p.Stack[i] = shortened(frameText(frame))
		if p.Line == "" && isOfApplication(frame) {
			p.Line = p.Stack[i]
		}
	}
	if frames > 0 {
		return d.Nil()
	}
	return nil
}

func shortened(text string) string {
	if len(text) > maxFrameText {
		text = fmt.Sprintf("%s…", text[:maxFrameText])
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// isOfApplication reports whether the function of a frame is the application's own: it is
// in an Elixir module, and in none of a known library.
func isOfApplication(frame etf.Term) bool {
	d := etf.NewDecoder(frame)
	if _, err := d.Tuple(); err != nil {
		return false
	}
	atom, err := d.Atom()
	module, isElixir := strings.CutPrefix(atom, elixirPrefix)
	if err != nil || !isElixir {
		return false
	}
	root, _, _ := strings.Cut(module, ".")
	return !libraries[root]
}

// libraries are the first names of modules: those of Elixir, of Absinthe, and of what
// resolvers mostly wait in.
var libraries = setOf(`Access Agent Application Atom Base Bitwise Calendar Code Collectable Config Date DateTime
	DynamicSupervisor Enum Enumerable Exception File Float Function GenEvent GenServer Inspect Integer IO JSON Kernel
	Keyword List Logger Macro Map MapSet Module NaiveDateTime Node OptionParser PartitionSupervisor Path Port Process
	Protocol Range Record Regex Registry Stream String StringIO Supervisor System Task Time Tuple URI Version
	Absinthe Dataloader DBConnection Ecto Finch Mint MyXQL NimblePool Postgrex Redix Req Tesla`)

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
