package transport

import (
	"context"
	"net/http"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
)

// reportAll reports the operations of a request that is answered.
func (h *Handler) reportAll(s *responseState, w http.ResponseWriter, r *http.Request, caller *engine.Caller) {
	if s.batch == nil {
		h.report(&s.result.Report, w, r, caller)
	}
	for i := range s.batch {
		h.report(&s.batch[i], w, r, caller)
	}
}

// report completes the report on an operation and hands it in.
func (h *Handler) report(report *operation.Report, w http.ResponseWriter, r *http.Request, caller *engine.Caller) {
	report.End()
	h.describe(report, r.Method, caller)
	h.record(report, w.(*deadlineWriter))
}

// describe adds the request to the report on an operation.
func (h *Handler) describe(report *operation.Report, method string, caller *engine.Caller) {
	report.Path, report.RequestID, report.Trace, report.Method = h.engine.Path, caller.Request.ID, caller.Trace, method
	report.Client, report.Identity = caller.Client, caller.Method()
}

// record adds the response to the report on an operation, and hands it in.
func (h *Handler) record(report *operation.Report, w *deadlineWriter) {
	report.Status, report.Bytes = w.status, w.written
	h.handIn(report)
}

// handIn hands in a report that is complete.
func (h *Handler) handIn(report *operation.Report) {
	h.engine.Metrics.ObserveStages(report)
	h.engine.Access.Log(context.Background(), report)
	h.engine.Traces.Record(report)
	h.engine.Stats.Record(report)
}
