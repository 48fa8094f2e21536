package rpcclient

import "github.com/louche-graphql/louche/rpcclient/etf"

// appendLogMetadata appends [Metadata] of logger:set_process_metadata/1. Its keys are those
// of Plug.RequestId and OpenTelemetry, which applications have in the format of their log.
func appendLogMetadata(b []byte, op *Operation) []byte {
	b = etf.AppendList(b, 1)
	if !op.Trace.exists() {
		b = etf.AppendMap(b, 1)
	} else {
		b = etf.AppendMap(b, 4)
		b = appendHex(etf.AppendAtom(b, "otel_trace_id"), op.Trace.ID[:])
		b = appendHex(etf.AppendAtom(b, "otel_span_id"), op.Trace.Span[:])
		b = etf.AppendBinary(etf.AppendAtom(b, "otel_trace_flags"), op.Trace.flags())
	}
	b = etf.AppendBinary(etf.AppendAtom(b, "request_id"), op.RequestID)
	return etf.AppendNil(b)
}
