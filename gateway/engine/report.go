package engine

import (
	"cmp"
	"context"

	"github.com/louche-graphql/louche/gateway/operation"
)

// report begins the report on an operation.
func (r *run) report() {
	report := &r.result.Report
	report.Request, report.Name = r.Request, operation.ShortName(r.OperationName)
}

// reportDocument adds what the document says.
func (r *run) reportDocument() {
	report := &r.result.Report
	report.Hash, report.Kind = r.document.Hash, string(r.operation.Kind)
	report.Name = operation.ShortName(cmp.Or(r.OperationName, r.operation.Name))
}

// Describe adds the caller, and the method of its request, to the report on an operation.
func (e *Engine) Describe(report *operation.Report, method string, caller *Caller) {
	report.Path, report.RequestID, report.Trace, report.Method = e.Path, caller.Request.ID, caller.Trace, method
	report.Client, report.Identity = caller.Client, caller.Method()
}

// Record hands a complete report to the metrics, the log, the traces and the figures.
func (e *Engine) Record(report *operation.Report) {
	e.Metrics.ObserveStages(report)
	e.Access.Log(context.Background(), report)
	e.Traces.Record(report)
	e.Stats.Record(report)
}
