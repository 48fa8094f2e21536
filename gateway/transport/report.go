package transport

import (
	"net/http"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/admission"
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
	h.engine.Describe(report, r.Method, caller)
	h.record(report, w.(*admission.Writer))
}

// record adds the response to the report on an operation, and hands it in.
func (h *Handler) record(report *operation.Report, w *admission.Writer) {
	report.Status, report.Bytes = w.Status, w.Written
	h.engine.Record(report)
}
