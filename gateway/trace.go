package gateway

import (
	"log/slog"
	"net/http"
	"time"
)

// trace logs an operation at level debug: what was asked by whom and who answered,
// and nothing of what documents, variables and tokens hold.
func (h *graphQL) trace(x *exchange, r *http.Request, from *caller, req *request, took time.Duration, err error) {
	kind, method, code := "unknown", "none", x.code
	if req.operation != nil {
		kind = req.operation.Kind.String()
	}
	if from.identity != nil {
		method = from.identity.Method
	}
	outcome := x.outcome
	if err != nil {
		outcome = fine
		code = failureOf(err, h.app).code
	}
	h.gateway.log.Log(r.Context(), slog.LevelDebug, "operation", "request_id", from.request.ID, "path", h.app.Config.Path,
		"kind", kind, "name", req.operationName[:min(len(req.operationName), maxShownName)], "identity", method, "node", x.node, "took", took, "code", code, "errors", outcome)
}
