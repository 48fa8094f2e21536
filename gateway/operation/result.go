package operation

import (
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
)

// An Outcome says which errors a result has.
type Outcome string

// The outcomes.
const (
	// Succeeded: there are no errors.
	Succeeded Outcome = ""
	// NotExecuted: the document, the variables or the operation's name were refused.
	NotExecuted Outcome = "unexecuted"
	// NullData: data is null.
	NullData Outcome = "null_data"
	// Partial: there is data beside the errors.
	Partial Outcome = "partial"
)

// A Result is one result of an operation: the only one of a query or a mutation, one of
// many of a subscription.
type Result struct {
	// JSON is the GraphQL response. The transport opens and closes it.
	JSON memory.Buffer
	Report
	// HasData reports whether the response has the member data.
	HasData bool
	// CacheControl says whether caches may keep the response to a GET.
	CacheControl string
	// Header is what the application adds to the response. ReplyStatus is its own status of
	// HTTP; 0: there is none.
	ReplyStatus int
	Header      []Field
	// Quotas are what rate limits leave the client.
	Quotas []ratelimit.Quota
}

// Reset makes the result that of an operation which has not run. It keeps the memory.
func (r *Result) Reset() {
	r.JSON.Bytes = r.JSON.Bytes[:0]
	*r = Result{JSON: r.JSON, CacheControl: NoStore, Quotas: r.Quotas[:0]}
}

// OK is the code of a result of the application, with errors or without.
const OK = "OK"

// NoStore is the Cache-Control of responses that may be for one user alone.
const NoStore = "no-store"
