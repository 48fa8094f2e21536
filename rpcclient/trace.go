package rpcclient

import (
	"context"
	"encoding/hex"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Trace is the place of an operation in a distributed trace (W3C Trace Context).
type Trace struct {
	ID      [16]byte // zero: there is no trace
	Span    [8]byte  // the parent of the application's spans
	Sampled bool
	State   string // the header tracestate
}

func (t *Trace) exists() bool { return t.ID != [16]byte{} }

func (t *Trace) flags() string {
	if t.Sampled {
		return "01"
	}
	return "00"
}

// appendParent appends the header traceparent.
func (t *Trace) appendParent(b []byte) []byte {
	b = append(hex.AppendEncode(append(b, "00-"...), t.ID[:]), '-')
	b = append(hex.AppendEncode(b, t.Span[:]), '-')
	return append(b, t.flags()...)
}

// appendHex appends a binary of hexadecimal digits.
func appendHex(b, id []byte) []byte {
	var digits [32]byte
	return etf.AppendBinary(b, hex.AppendEncode(digits[:0], id))
}

// traceExtractor is the module of OpenTelemetry whose extract/1 takes a carrier, the headers
// of a request. It sets the context and the log's metadata of its process, as the
// propagators that the application has configured read them.
const traceExtractor = "otel_propagator_text_map"

// appendCarrier appends [Carrier].
func appendCarrier(b []byte, op *Operation) []byte {
	n := 1
	if op.Trace.State != "" {
		n = 2
	}
	b = etf.AppendList(etf.AppendList(b, 1), n)
	var parent [55]byte
	b = etf.AppendBinary(etf.AppendTuple(b, 2), "traceparent")
	b = etf.AppendBinary(b, op.Trace.appendParent(parent[:0]))
	if op.Trace.State != "" {
		b = etf.AppendBinary(etf.AppendTuple(b, 2), "tracestate")
		b = etf.AppendBinary(b, op.Trace.State)
	}
	return etf.AppendNil(etf.AppendNil(b))
}

// FindTraceExtractor is an inspector for [Pool.AddInspector]. It finds out whether the
// application has OpenTelemetry. Until then, operations run without their traces.
func (a *Absinthe) FindTraceExtractor(ctx context.Context, n *NodeConn) {
	result, err := n.Call(ctx, "code", "ensure_loaded", atomArgs(traceExtractor))
	if err != nil {
		return // the connection has ended
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	d.Tuple()
	if answer, _ := d.Atom(); answer != "module" {
		a.Pool.log.Warn("node has no OpenTelemetry, so its spans have no parent", "node", n.Name(), "schema", a.Config.Schema)
		return
	}
	n.conn.extractsTraces.Store(true)
}
