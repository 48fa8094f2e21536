package rpcclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxEncoded bounds the structs of one result that are sent back to be encoded, in
// bytes.
const maxEncoded = 1 << 20

// StructEncoder returns the encoder of a result's structs: it calls
// [AbsintheConfig.JSONCodec] on the result's node, once for all calls of the encoder.
// The texts are valid until the result is released. Without a codec it returns nil.
func (a *Absinthe) StructEncoder(ctx context.Context, result *Result) etf.StructEncoder {
	if a.Config.JSONCodec == "" {
		return nil
	}
	var texts [][]byte
	return func(structs []etf.Term) ([][]byte, error) {
		if texts != nil {
			return texts, nil
		}
		var err error
		texts, err = result.encode(ctx, ModuleAtom(a.Config.JSONCodec), structs)
		var lost *erldist.LostError
		if errors.As(err, &lost) { // the operation itself has run
			return nil, fmt.Errorf("%s.encode!/1 on %s did not answer: %v", a.Config.JSONCodec, result.Node, err)
		}
		return texts, err
	}
}

// encode calls, on the node that the structs come from:
//
//	lists:map(fun Codec:'encode!'/1, Structs)
func (a *Result) encode(ctx context.Context, codec string, structs []etf.Term) ([][]byte, error) {
	b := append(etf.AppendList(nil, 2), byte(etf.TagExport))
	b = etf.AppendInt(etf.AppendAtom(etf.AppendAtom(b, codec), "encode!"), 1)
	b = etf.AppendList(b, len(structs))
	for _, s := range structs {
		var err error
		if b, err = etf.AppendTerm(b, s); err != nil {
			return nil, err
		}
		if len(b) > maxEncoded {
			return nil, fmt.Errorf("the structs for %s have more than %d bytes", codec, maxEncoded)
		}
	}
	result, err := a.conn.Call(ctx, "lists", "map", etf.AppendNil(etf.AppendNil(b)))
	if err != nil {
		return nil, err
	}
	a.encoded = result
	d := etf.NewDecoder(result.Value)
	n, err := d.List()
	if err != nil {
		return nil, err
	}
	texts := make([][]byte, n)
	for i := range texts {
		if texts[i], err = d.Binary(); err != nil {
			return nil, fmt.Errorf("%s.encode!/1: %w", codec, err)
		}
	}
	return texts, nil
}
