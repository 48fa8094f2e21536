package rpcclient

import (
	"context"
	"errors"
	"fmt"

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

	slot    *slot // released
	process etf.Pid
	box     *erldist.Mailbox
	kill    context.CancelFunc
	taken   int // messages since the process got credit

	ended  chan struct{} // closed after the process has ended
	result *Result       // its value
	err    error         // or why there is none
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
		return s, nil, err
	}
	if err := a.unwrapSubscribe(result); err != nil {
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
	s := &Subscription{Node: slot.conn.Peer().Name, slot: slot, box: slot.conn.OpenMailbox(subscriptionCredit), ended: make(chan struct{})}
	args, err := a.appendSubscribe(nil, expression, op, s.box.Pid)
	if err != nil {
		s.box.Close()
		return nil, nil, err
	}
	var life context.Context
	life, s.kill = context.WithCancel(context.Background())
	go func() {
		s.result, s.err = slot.conn.execute(life, args, erldist.Spawn{})
		close(s.ended)
	}()
	select {
	case message := <-s.box.Messages():
		defer message.Release()
		if s.process, err = readSubscribed(message); err == nil {
			s.taken++
			return s, nil, nil
		}
	case <-s.ended:
		s.kill()
		s.box.Close()
		return nil, s.result, s.err
	case <-ctx.Done():
		err = fmt.Errorf("call on %s: %w", slot.target.Name, context.Cause(ctx))
	}
	s.Close()
	return nil, nil, err
}

// appendSubscribe appends the arguments of a call of erl_eval:expr/5 with the program.
func (a *Absinthe) appendSubscribe(b, expression []byte, op Operation, gateway etf.Pid) ([]byte, error) {
	b = beginCall(b, "erl_eval", "expr")
	b = append(etf.AppendList(b, 5), expression...)
	b = etf.AppendList(b, 7)
	b = etf.AppendBinary(appendBinding(b, "Document"), op.Document)
	b = etf.AppendAtom(appendBinding(b, "Schema"), ModuleAtom(a.Config.Schema))
	b = etf.AppendAtom(appendBinding(b, "PubSub"), ModuleAtom(a.Config.PubSub))
	b = etf.AppendPid(appendBinding(b, "Gateway"), gateway)
	b = etf.AppendInt(appendBinding(b, "Credit"), subscriptionCredit)
	b = appendBinding(b, "Context")
	if a.Config.ContextFrom == "" {
		b = op.appendContext(etf.AppendAtom(etf.AppendTuple(b, 2), "map"))
	} else {
		module, function := a.Config.contextFunction()
		b = etf.AppendAtom(etf.AppendTuple(b, 5), "from")
		b = etf.AppendAtom(etf.AppendAtom(b, ModuleAtom(module)), function)
		b = op.appendContext(op.appendClaims(b))
	}
	b, err := a.Config.appendOptions(appendBinding(b, "Options"), op, 0)
	if err != nil {
		return b, err
	}
	b = etf.AppendNil(etf.AppendNil(b))
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	return endCall(etf.AppendNil(etf.AppendAtom(b, "value"))), nil
}

// unwrapSubscribe reduces {run, Answer} to Absinthe's result map.
func (a *Absinthe) unwrapSubscribe(result *Result) error {
	if _, err := a.unwrapEvaluation(result); err != nil {
		return err
	}
	return result.unwrapOK()
}

// readSubscribed reads {subscribed, Pid}.
func readSubscribed(message *erldist.Payload) (process etf.Pid, err error) {
	d := etf.NewDecoder(message.Term)
	if _, err = d.Tuple(); err != nil {
		return process, err
	}
	if _, err = d.Atom(); err != nil {
		return process, err
	}
	return d.Pid()
}

// Next waits for the next event. Errors are the cause of ctx, [ErrMoved],
// [*erldist.LostError] and [*CallError]. After all but the first, the subscription has
// ended.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	s.giveCredit()
	for {
		conn, changed := s.slot.peer.watch()
		if conn == s.slot.conn && s.slot.connection() != conn {
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
	s.slot.conn.Send(s.process, etf.AppendInt(b, int64(s.taken)))
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
	e.Result = &Result{Value: d.Rest(), Node: s.Node, exit: message, conn: s.slot.conn}
	return e, nil
}

// endError returns why a process has ended that had subscribed.
func (s *Subscription) endError() error {
	if s.err != nil {
		return s.err
	}
	return &CallError{Node: s.Node, Class: "exit", Reason: "the subscription's process ended"}
}

// Close ends the process, and releases its messages and its result.
func (s *Subscription) Close() {
	s.kill()
	s.box.Close()
	go func() {
		<-s.ended
		if s.result != nil {
			s.result.Release()
		}
	}()
}
