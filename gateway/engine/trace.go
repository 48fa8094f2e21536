package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// trace logs an operation at level debug, without anything of documents, variables and
// tokens.
func (r *run) trace(ctx context.Context, err error) {
	kind, method, code, outcome := "unknown", "none", r.result.Code, r.result.Outcome
	if r.operation != nil {
		kind = r.operation.Kind.String()
	}
	if r.caller.identity != nil {
		method = r.caller.identity.Method
	}
	var failure *operation.Error
	if errors.As(err, &failure) {
		code, outcome = failure.Code, operation.Succeeded
	}
	r.Log.Log(ctx, slog.LevelDebug, "operation", "request_id", r.caller.Request.ID, "path", r.Path,
		"kind", kind, "name", operation.ShortName(r.OperationName), "identity", method, "node", r.result.Node, "took", time.Since(r.began), "code", code, "errors", outcome)
}
