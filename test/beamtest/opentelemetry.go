package beamtest

import "testing"

// LoadOpenTelemetry has the node take the trace context of calls: by OpenTelemetry if it is
// on the code path (ERL_LIBS), or by a double of its function, which sets the same metadata
// of the log.
func (n *Node) LoadOpenTelemetry(t testing.TB) {
	t.Helper()
	n.Eval(t, `
		if Code.ensure_loaded?(:opentelemetry) do
			:opentelemetry.set_text_map_propagator(:otel_propagator_trace_context)
		else
			defmodule :otel_propagator_text_map do
				def extract([{"traceparent", parent} | _]) do
					["00", trace, span, flags] = String.split(parent, "-")
					:logger.update_process_metadata(%{otel_trace_id: trace, otel_span_id: span, otel_trace_flags: flags})
				end
			end
		end`)
}
