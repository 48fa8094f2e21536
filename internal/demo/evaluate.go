package demo

import (
	"context"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// evaluate is erl_eval:expr/5 for the two calls of a subscription: the gateway has its program
// parsed, and then run with bindings.
func (p peer) evaluate(ctx context.Context, args etf.Term) (Outcome, error) {
	f := mfa{"erl_eval", "expr", 5}
	given, err := properList(args)
	if err != nil || len(given) != f.arity {
		return raised("undef", f), nil
	}
	bound, err := bindingsOf(given[1])
	if err != nil {
		return raised("function_clause", f), nil
	}
	if _, isSubscription := bound["PubSub"]; isSubscription {
		return p.subscribe(ctx, bound)
	}
	if inner, err := bindingsOf(bound["Bindings"]); err == nil {
		if program, err := binaryOf(inner["Program"]); err == nil && program == agent.Subscribe {
			return returned(list{}), nil // the demo knows the program by its bindings
		}
	}
	return raised("undef", f), nil
}

// bindingsOf returns the values of a list of {Name, Value}.
func bindingsOf(t etf.Term) (map[string]etf.Term, error) {
	pairs, err := properList(t)
	if err != nil {
		return nil, err
	}
	bound := make(map[string]etf.Term)
	for _, pair := range pairs {
		d := etf.NewDecoder(pair)
		if _, err := d.Tuple(); err != nil {
			return nil, err
		}
		name, err := d.Atom()
		if err != nil {
			return nil, err
		}
		if bound[name], err = d.Term(); err != nil {
			return nil, err
		}
	}
	return bound, nil
}
