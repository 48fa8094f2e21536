package demo

import (
	"context"
	"errors"

	"github.com/graph-gophers/graphql-go"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// subscribe is the program that subscribes a document (subscribe.erl in rpcclient/agent, which
// says what its messages are). It returns when ctx ends, or if the document is refused.
func (p peer) subscribe(ctx context.Context, bound map[string]etf.Term) (Outcome, error) {
	f := mfa{"Elixir.Absinthe", "run", 3}
	document, documentErr := binaryOf(bound["Document"])
	opts, optionsErr := decodeOptions(bound["Options"])
	credit, creditErr := intOf(bound["Credit"])
	gateway, gatewayErr := pidOf(bound["Gateway"])
	given, contextErr := contextOf(bound["Context"])
	if errors.Join(documentErr, optionsErr, creditErr, gatewayErr, contextErr) != nil {
		return raised("function_clause", f), nil
	}
	if errs := p.backend.schema.ValidateWithVariables(document, opts.variables); len(errs) > 0 {
		answer, err := resultOf(&graphql.Response{Errors: errs}, document, opts.operation)
		if err != nil {
			return raised("system_limit", f), nil
		}
		return returned(tuple{atom("run"), answer}), nil
	}
	ctx = context.WithValue(ctx, contextKey{}, given)
	results, err := p.backend.schema.Subscribe(ctx, document, opts.operation, opts.variables)
	if err != nil {
		return raised("system_limit", f), nil
	}
	box := p.conn.OpenMailbox(int(credit))
	defer box.Close()
	p.conn.Send(gateway, appendTerm(nil, tuple{atom("subscribed"), encoded(etf.AppendPid(nil, box.Pid))}))
	return p.forward(ctx, gateway, box, credit-1, results, func(r any) (tuple, error) {
		return resultOf(r.(*graphql.Response), document, opts.operation)
	})
}

// forward sends {Lost, Result} for each result, as long as there is credit.
func (p peer) forward(ctx context.Context, gateway etf.Pid, box *erldist.Mailbox, credit int64, results <-chan any, answerOf func(any) (tuple, error)) (Outcome, error) {
	lost := 0
	for {
		select {
		case <-ctx.Done():
			return Outcome{}, context.Cause(ctx)
		case message := <-box.Messages(): // {Gateway, More}
			if more, err := secondOf(message.Term); err == nil {
				credit += more
			}
			message.Release()
		case r, open := <-results:
			if !open {
				return returned(atom("gone")), nil
			}
			answer, err := answerOf(r)
			if err != nil || credit == 0 {
				lost++
				continue
			}
			p.conn.Send(gateway, appendTerm(nil, tuple{lost, answer[1]}))
			credit, lost = credit-1, 0
		}
	}
}

// contextOf returns the map of {map, Map}.
func contextOf(t etf.Term) (etf.Term, error) {
	d := etf.NewDecoder(t)
	if _, err := d.Tuple(); err != nil {
		return t, err
	}
	if _, err := d.Atom(); err != nil {
		return t, err
	}
	return d.Term()
}

// secondOf returns the number of {_, Number}.
func secondOf(t etf.Term) (int64, error) {
	d := etf.NewDecoder(t)
	if _, err := d.Tuple(); err != nil {
		return 0, err
	}
	if err := d.Skip(); err != nil {
		return 0, err
	}
	return d.Int()
}

func intOf(t etf.Term) (int64, error) {
	d := etf.NewDecoder(t)
	return d.Int()
}

func pidOf(t etf.Term) (etf.Pid, error) {
	d := etf.NewDecoder(t)
	return d.Pid()
}
