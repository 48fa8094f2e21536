package rpcclient

import (
	"bytes"
	"context"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A program is text of Erlang expressions that a node parses once for each connection.
type program struct {
	text string

	turn    chan struct{} // of the goroutine that reads or sets encoded
	encoded []byte
}

func newProgram(text string) program { return program{text: text, turn: make(chan struct{}, 1)} }

// expression returns the program as one expression of Erlang's abstract format. Evaluated by
// erl_eval:expr/5, its last call is a tail call: a process that goes on in it keeps nothing of
// its start.
func (p *program) expression(ctx context.Context, c *liveConn) ([]byte, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if p.encoded != nil {
		return p.encoded, nil
	}
	result, err := c.evaluate(ctx, "{ok, Forms} = erl_parse:parse_exprs(element(2, erl_scan:string(binary_to_list(Program)))), Forms.",
		binding{"Program", etf.AppendBinary(nil, p.text)})
	if err != nil {
		return nil, err
	}
	defer result.Release()
	parsed, err := etf.AppendTerm(nil, result.Value)
	if err != nil {
		return nil, err
	}
	p.encoded = bytes.Clone(form("block", parsed))
	return p.encoded, nil
}
