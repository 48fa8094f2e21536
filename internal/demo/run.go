package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

type contextKey struct{}

func absintheContext(ctx context.Context) etf.Term {
	return ctx.Value(contextKey{}).(etf.Term)
}

// run is Absinthe.run/3. Invalid arguments raise function_clause, as most of them
// do in Absinthe.
func (b *Backend) run(ctx context.Context, f mfa, documentArg, schemaArg, optionsArg etf.Term) (Outcome, error) {
	document, documentErr := binaryOf(documentArg)
	schema, schemaErr := atomOf(schemaArg)
	opts, optionsErr := decodeOptions(optionsArg)
	switch {
	case documentErr == nil && schemaErr == nil && schema != schemaModule:
		return raised("undef", mfa{schema, "context", 1}), nil
	case documentErr != nil || schemaErr != nil || optionsErr != nil:
		return raised("function_clause", f), nil
	}

	ctx = context.WithValue(ctx, contextKey{}, opts.context)
	response := b.schema.Exec(ctx, document, opts.operation, opts.variables)
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	result, err := resultOf(response, document, opts.operation)
	if err != nil {
		return raised("system_limit", f), nil
	}
	return returned(result), nil
}

// options are the options of run/3 that the demo supports.
type options struct {
	variables map[string]any
	operation string // empty: not named
	context   etf.Term
}

func decodeOptions(keywords etf.Term) (options, error) {
	opts := options{context: etf.Term{Bytes: etf.AppendMap(nil, 0)}}
	list, err := properList(keywords)
	if err != nil {
		return opts, err
	}
	for _, pair := range list {
		if err := opts.set(pair); err != nil {
			return opts, err
		}
	}
	return opts, nil
}

// set reads one {Key, Value} of the keyword list. Like Absinthe it ignores
// unknown keys.
func (o *options) set(pair etf.Term) error {
	d := etf.NewDecoder(pair)
	if arity, err := d.Tuple(); err != nil {
		return err
	} else if arity != 2 {
		return errors.New("demo: an element of the keyword list is not a pair")
	}
	key, err := d.Atom()
	if err != nil {
		return err
	}
	value := d.Rest()
	switch key {
	case "variables":
		o.variables, err = decodeVariables(value)
	case "operation_name":
		if name, notAtom := atomOf(value); notAtom == nil && name == "nil" {
			return nil
		}
		o.operation, err = binaryOf(value)
	case "context":
		o.context = value
		_, err = d.Map()
	}
	return err
}

func decodeVariables(value etf.Term) (map[string]any, error) {
	text, err := value.AppendJSON(nil)
	if err != nil {
		return nil, err
	}
	var variables map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&variables); err != nil {
		return nil, err
	}
	for name, v := range variables {
		variables[name] = exactNumbers(v)
	}
	return variables, nil
}

// exactNumbers converts each json.Number in v to the Go type of a literal with the
// same text in graphql-go, so that an integer stays an integer.
func exactNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		i, err := v.Int64()
		switch {
		case err != nil:
			f, _ := v.Float64()
			return f
		case math.MinInt32 <= i && i <= math.MaxInt32:
			return int32(i)
		}
		return i
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = exactNumbers(v[key])
		}
	}
	return v
}
