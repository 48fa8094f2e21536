package engine

import (
	"cmp"

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
