package rpcclient

import (
	"context"
	"errors"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// ErrMoved ends a subscription whose node takes no more calls: it stops, or is drained.
var ErrMoved = errors.New("the subscription's node takes no more calls")

// subscriptionCredit is how many messages of a subscription may be on their way, or unread.
const subscriptionCredit = 32

// A Subscription is a process on a node that forwards the results of a document. It
// belongs to one goroutine.
type Subscription struct {
	// Node is the name of the node.
	Node string

	slot *slot // released
	*process
	taken int // messages since the process got credit
}

// An Event is a result of a subscription.
type Event struct {
	// Lost is how many results before this one were lost: the gateway did not take them in
	// time, or had no memory for them.
	Lost int
	// Result is Absinthe's result map; nil: Lost is all there is. It must be released.
	Result *Result
}

// Subscribe subscribes a document on one of the nodes, with the pubsub module of the
// configuration. If Absinthe does not subscribe it, result is the answer. Once subscribed,
// it takes no slot of the node.
//
// Errors are those of [Absinthe.Run]. Subscribe does not try another node.
func (a *Absinthe) Subscribe(ctx context.Context, op Operation) (s *Subscription, result *Result, err error) {
	slot, err := a.Pool.acquire(ctx, op.Filter)
	if err != nil {
		return nil, nil, err
	}
	if op.Observer != nil {
		op.Observer.Sent(slot.conn.Peer().Name)
	}
	s, result, err = a.subscribeOn(ctx, slot, op)
	if IsLost(err) {
		slot.peer.current.CompareAndSwap(slot.conn, nil)
	}
	slot.release(err, healthOf(ctx, err, op.Filter == nil))
	if result == nil {
		return s, nil, slot.withoutAgent(err)
	}
	if err := a.unwrapRun(result); err != nil {
		result.Release()
		return nil, nil, err
	}
	return nil, result, nil
}

// subscribeOn starts the process, and waits until it has subscribed or ended.
func (a *Absinthe) subscribeOn(ctx context.Context, slot *slot, op Operation) (*Subscription, *Result, error) {
	expression, err := slot.conn.subscriber.expression(ctx, slot.conn)
	if err != nil {
		return nil, nil, err
	}
	box := slot.conn.OpenMailbox(subscriptionCredit)
	args, err := a.appendSubscribe(nil, expression, op, box.Pid)
	if err != nil {
		box.Close()
		return nil, nil, err
	}
	process, err := slot.conn.start(ctx, args, box)
	switch {
	case err != nil:
		return nil, nil, err
	case !process.started():
		box.Close()
		return nil, process.result, process.err
	}
	return &Subscription{Node: slot.conn.Peer().Name, slot: slot, process: process, taken: 1}, nil, nil
}

// appendSubscribe appends the arguments of a call of erl_eval:expr/5 with the program. Its
// bindings are sorted, as erl_eval wants them.
func (a *Absinthe) appendSubscribe(b, expression []byte, op Operation, gateway etf.Pid) ([]byte, error) {
	b = beginCall(b, "erl_eval", "expr")
	b = append(etf.AppendList(b, 5), expression...)
	b = etf.AppendList(b, 7)
	b = a.appendContextSource(appendBinding(b, "Context"), op, false)
	b = etf.AppendInt(appendBinding(b, "Credit"), subscriptionCredit)
	b = etf.AppendBinary(appendBinding(b, "Document"), op.Document)
	b = etf.AppendPid(appendBinding(b, "Gateway"), gateway)
	b, err := a.Config.appendOptions(appendBinding(b, "Options"), op, 0)
	if err != nil {
		return b, err
	}
	b = etf.AppendAtom(appendBinding(etf.AppendNil(b), "PubSub"), ModuleAtom(a.Config.PubSub))
	b = etf.AppendAtom(appendBinding(b, "Schema"), ModuleAtom(a.Config.Schema))
	b = etf.AppendNil(b)
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	return endCall(etf.AppendNil(etf.AppendAtom(b, "value"))), nil
}

// appendContextSource appends {map, Map}, {from, Module, Function, Claims, Map} or
// {Agent, Hash, Context, Respond}, with arguments of serve/7 of the agent.
func (a *Absinthe) appendContextSource(b []byte, op Operation, responds bool) []byte {
	switch {
	case a.Config.NeedsAgent():
		b = a.Config.appendPipeline(etf.AppendAtom(etf.AppendTuple(b, 4), agent.Module))
		b = a.Config.appendSource(b, &op, a.Config.ContextFrom != "", false)
		if !responds {
			return etf.AppendAtom(b, "none")
		}
		return a.Config.appendRespond(b)
	case a.Config.ContextFrom == "":
		return op.appendContext(etf.AppendAtom(etf.AppendTuple(b, 2), "map"))
	}
	module, function := a.Config.contextFunction()
	b = etf.AppendAtom(etf.AppendTuple(b, 5), "from")
	b = etf.AppendAtom(etf.AppendAtom(b, ModuleAtom(module)), function)
	return op.appendContext(op.appendClaims(b))
}

// unwrapRun reduces {run, Answer} to Absinthe's result map.
func (a *Absinthe) unwrapRun(result *Result) error {
	if a.Config.NeedsAgent() {
		if err := a.refusal(result); err != nil {
			return err
		}
	}
	if _, err := a.unwrapEvaluation(result); err != nil {
		return err
	}
	return result.unwrapOK()
}

// Next waits for the next event. Errors are the cause of ctx, [ErrMoved],
// [*erldist.LostError] and [*CallError]. After all but the first, the subscription has
// ended.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	s.giveCredit()
	for {
		conn, changed := s.slot.peer.watch()
		if conn == s.conn && !s.slot.takesCalls(conn) {
			return Event{}, ErrMoved
		}
		select {
		case message := <-s.box.Messages():
			return s.read(message)
		case <-changed:
		case <-s.ended:
			select {
			case message := <-s.box.Messages(): // it came before the end
				return s.read(message)
			default:
				return Event{}, s.endError()
			}
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// giveCredit allows the process to send as many messages as were taken, once they are half
// of its credit.
func (s *Subscription) giveCredit() {
	if s.taken < subscriptionCredit/2 {
		return
	}
	b := etf.AppendPid(etf.AppendTuple(nil, 2), s.box.Pid)
	s.conn.Send(s.pid, etf.AppendInt(b, int64(s.taken)))
	s.taken = 0
}

// read reads {Lost, Result} or {Lost}.
func (s *Subscription) read(message *erldist.Payload) (e Event, err error) {
	s.taken++
	if message.Err() != nil {
		message.Release()
		return Event{Lost: 1}, nil
	}
	d := etf.NewDecoder(message.Term)
	arity, err := d.Tuple()
	var lost int64
	if err == nil {
		lost, err = d.Int()
	}
	if e.Lost = int(lost); err != nil || arity < 2 {
		message.Release()
		return e, err
	}
	e.Result = &Result{Value: d.Rest(), Node: s.Node, exit: message, conn: s.conn}
	return e, nil
}

// Close ends the process, and releases its messages and its result.
func (s *Subscription) Close() { s.close() }
