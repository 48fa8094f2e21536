package stats

import (
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// request is a slow or failed request.
type request struct {
	at          time.Time
	id, traceID string
	client      operation.Client
	node        string
	code        string
	outcome     operation.Outcome
	status      int
	took        time.Duration
	stages      [numStages]time.Duration
}

// newRequest copies the headers of the request, whose memory is used again.
func newRequest(r *operation.Report, took time.Duration) request {
	return request{
		at:      r.Ended(),
		id:      strings.Clone(r.RequestID),
		traceID: r.Trace.IDText(),
		client:  operation.Client{Name: strings.Clone(r.Client.Name), Version: strings.Clone(r.Client.Version)},
		node:    r.Node,
		code:    r.Code,
		outcome: r.Outcome,
		status:  r.Status,
		took:    took,
		stages:  r.Stages,
	}
}
