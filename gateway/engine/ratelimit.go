package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/ratelimit"
)

func (r *run) chargeRateLimits(context.Context) (err error) {
	rootFields := 1
	if r.Limiter.CountsRootFields() {
		// Absinthe might run any number of fields of a document that cannot be read here.
		if r.document.Problem != "" {
			return unreadableDocument(r.document)
		}
		rootFields = r.operation.Measures.RootFields
	}
	r.result.Quotas, err = r.chargeOperation(r.result.Quotas, r.caller, r.operation.Kind.String(), rootFields, r.Arrived())
	return err
}

// chargeOperation charges an operation by the rate limits. Those by address have counted
// its request, if it has arrived as the first operation of that.
func (e *Engine) chargeOperation(quotas []ratelimit.Quota, c *Caller, kind string, rootFields int, arrived bool) ([]ratelimit.Quota, error) {
	client := ratelimit.Client{Address: c.Request.Client}
	if id := c.identity; id != nil {
		client.Method, client.Issuer, client.Subject, client.Claims = id.Method, id.Issuer, id.Subject, id.Claims
	}
	before := len(quotas)
	quotas, admitted := e.Limiter.AllowOperation(quotas, &client, kind, rootFields, arrived)
	if !admitted {
		return quotas, e.rateLimited(quotas[before:])
	}
	return quotas, nil
}

// rateLimited returns the error of a request that quotas refuse.
func (e *Engine) rateLimited(quotas []ratelimit.Quota) error {
	var wait time.Duration
	var unaffordable error
	for _, q := range quotas {
		if !q.Refused {
			continue
		}
		e.Metrics.CountRateLimited(q.Policy)
		if q.Cost > q.Limit {
			unaffordable = operation.Refuse("TOO_MANY_ROOT_FIELDS", "The operation's fields at its root count as %d, and the rate limit never admits more than %d.", q.Cost, q.Limit)
		}
		wait = max(wait, q.RetryAfter)
	}
	if unaffordable != nil {
		return unaffordable
	}
	seconds := ratelimit.Seconds(wait)
	return &operation.Error{Class: operation.RateLimited, Code: "RATE_LIMITED", RetryAfter: time.Duration(seconds) * time.Second,
		Message: fmt.Sprintf("There were too many requests; try again in %d s.", seconds)}
}
