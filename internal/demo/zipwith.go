package demo

import (
	"context"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// zipWith3 is lists:zipwith3/3 of fun erlang:apply/3, with which the gateway sets the
// process up before it runs Absinthe. It returns the list of the return values.
func (p peer) zipWith3(ctx context.Context, args etf.Term) (Outcome, error) {
	f := mfa{"lists", "zipwith3", 4}
	given, err := properList(args)
	if err != nil || len(given) != 4 || given[0].String() != "&:erlang.apply/3" {
		return raised("undef", f), nil
	}
	modules, modulesErr := properList(given[1])
	functions, functionsErr := properList(given[2])
	arguments, argumentsErr := properList(given[3])
	if modulesErr != nil || functionsErr != nil || argumentsErr != nil || len(modules) != len(functions) || len(modules) != len(arguments) {
		return raised("function_clause", f), nil
	}
	var values list
	for i := range modules {
		module, moduleErr := atomOf(modules[i])
		function, functionErr := atomOf(functions[i])
		if moduleErr != nil || functionErr != nil {
			return raised("badarg", mfa{"erlang", "apply", 3}), nil
		}
		outcome, err := p.apply(ctx, module, function, arguments[i])
		if err != nil || outcome.Class != Return {
			return outcome, err
		}
		values = append(values, encoded(outcome.Value))
	}
	return returned(values), nil
}
