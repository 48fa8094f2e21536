package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/schema"
)

// An Upstream runs operations.
type Upstream interface {
	// Run runs an operation. Its errors are of type [*operation.Error], or the cause of
	// ctx.
	Run(ctx context.Context, call *Call) (Result, error)
	// Upload begins an operation with files. Its errors are those of Run.
	Upload(ctx context.Context, call *Call) (Upload, error)
	// TimeoutCause is the cause of a context whose deadline is the application's own
	// timeout: then silence tells something about the node.
	TimeoutCause() error
	// NeedsClaims reports whether calls need Claims.
	NeedsClaims() bool
}

// A Call is one operation with all that an upstream needs to run it.
type Call struct {
	Document      string
	Hash          [sha256.Size]byte // of Document
	OperationName string
	Variables     []byte // a JSON object, or empty
	// Context is the encoded context of the resolvers.
	Context []byte
	// Claims are the encoded claims of the identity, where the upstream needs them; the
	// context that the application builds of them may be cached under ContextKey until
	// ContextExpires, if that is not zero.
	Claims         []byte
	ContextKey     string
	ContextExpires time.Time
	// Request is the encoded request for the application's plugs, if it has any.
	Request []byte
	// Idempotent allows to run the operation again if the connection is lost.
	Idempotent bool
	// Filter selects the nodes that may run the operation; nil: all.
	Filter contract.NodeFilter
	// RequestID is the id of the request.
	RequestID string
	// Trace is that of the request. Its Span is the call's.
	Trace operation.Trace

	path, name string // see Identify

	report *operation.Report
	shared *sharedCall // nil: the call is for one query alone
}

// Sent reports that the call has a slot on a node. An upstream calls it for each attempt.
func (c *Call) Sent(node string) {
	c.report.Node = node
	c.report.Enter(operation.StageNode)
	if c.shared != nil {
		c.shared.place.setNode(node)
	}
}

// SetPrepared sets whether the node runs the operation from a prepared document.
func (c *Call) SetPrepared(prepared bool) { c.report.Prepared = prepared }

// Annotate sets where the call is, for the error of a caller that does not wait any longer.
// An upstream may call it while the call is in flight.
func (c *Call) Annotate(note string) {
	if c.shared != nil {
		c.shared.place.setNote(note)
	}
}

// Identify returns the path of the application, the name of the operation and the id of the
// request. The name is empty if it has none. An upstream may call it while the call is in
// flight.
func (c *Call) Identify() (path, operation, requestID string) {
	return c.path, strings.Clone(c.name), strings.Clone(c.RequestID)
}

// A Result is the result of a call before it is printed as JSON.
type Result interface {
	// Node names the node that answered.
	Node() string
	// Size is the size of the result, in bytes.
	Size() int
	// HasData reports whether the result has the member data.
	HasData() bool
	// HasErrors reports whether the result has the member errors.
	HasErrors() bool
	// Header is what the application adds to the response.
	Header() []operation.Field
	// Status is the application's own status of HTTP; 0: there is none.
	Status() int
	// Outcome says which errors the result has.
	Outcome() operation.Outcome
	// PresentErrors changes the errors. It calls masked with each one that it masks.
	PresentErrors(rules ErrorRules, masked func(text string))
	// AppendJSON appends the JSON of the result, of at most limit bytes, its members in
	// the order; nil: in any order. Its error is [ErrTooLong] for a longer one.
	AppendJSON(ctx context.Context, b []byte, order *schema.Order, limit int) ([]byte, error)
	// Release allows the memory of the result to be used again.
	Release()
}

// ErrTooLong says that the JSON of a result exceeds a limit.
var ErrTooLong = errors.New("the JSON of the result is too long")

// ErrorRules say how the errors of a result change for the client.
type ErrorRules struct {
	Extensions bool // members that the specification does not name move under extensions
	Mask       bool // errors of resolvers without a code get another message
}

// NoMemory is the error of an operation that ran, and for whose result there is no memory.
// A client may run an idempotent one again.
func NoMemory(cause error, idempotent bool) *operation.Error {
	e := &operation.Error{Class: operation.Unavailable, Code: operation.Overloaded.Code, Cause: cause,
		Message: "The operation was run, and there is no memory now for its answer."}
	if idempotent {
		e.RetryAfter = operation.Overloaded.RetryAfter
	}
	return e
}

// ResultTooLarge is the error of an operation whose result exceeds limits.answer.
func ResultTooLarge(cause error) *operation.Error {
	return &operation.Error{Class: operation.BadUpstream, Code: "ANSWER_TOO_LARGE", Message: "The application's answer is too large.", Cause: cause}
}
