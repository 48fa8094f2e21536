// Package engine runs one GraphQL operation, step by step: [Engine.Run] has the order. It
// must never know HTTP, and reaches a node through an [Upstream] alone.
package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/stats"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/schema"
)

// An App is one application with everything that its operations are run with. It does not
// change.
type App struct {
	Path          string
	Config        Config
	Authenticator *auth.Authenticator
	Context       *auth.Context
	PlugRequest   *auth.PlugRequest // nil: the application has no plugs
	Trusted       *TrustedDocuments // nil: trusted documents are off
	Limiter       *ratelimit.Limiter
	Contract      *contract.Contract // nil: nothing is validated
	Sharing       *Sharing           // nil: each query has a call of its own
	Subscriptions *Subscriptions     // nil: none are served
	Upstream      Upstream
	Metrics       *telemetry.RequestMetrics
}

// Shared is what the engines of all applications have in common. It is made once.
type Shared struct {
	Log       *slog.Logger
	Access    *telemetry.AccessLog
	Traces    *telemetry.Traces // nil: off
	Stats     *stats.Operations
	documents *schema.DocumentCache
	persisted *cache.Cache[[sha256.Size]byte, string]
	inFlight  atomic.Int64

	subscriptions atomic.Int64
}

// maxDocuments bounds the documents that are kept parsed.
const maxDocuments = 4096

// NewShared returns what engines share; persistedBytes bounds the documents that clients
// can store to call them by their hash.
func NewShared(persistedBytes int, log *slog.Logger) *Shared {
	return &Shared{
		Log:       log,
		Access:    telemetry.NewAccessLog(log),
		Stats:     stats.NewOperations(),
		documents: schema.NewDocumentCache(maxDocuments),
		persisted: cache.New[[sha256.Size]byte, string](max(1, persistedBytes/minPersisted), persistedBytes),
	}
}

// InFlight returns the number of operations under way.
func (s *Shared) InFlight() int64 { return s.inFlight.Load() }

// Limits bound what one engine takes.
type Limits struct {
	// InFlight bounds the operations under way in all engines.
	InFlight int64
	// Subscriptions bounds the subscriptions in all engines.
	Subscriptions int64
	// Answer bounds a result, in bytes, as it comes from the node and as JSON.
	Answer int
}

// An Engine runs the operations of one application. It does not change.
type Engine struct {
	App
	*Shared
	limits Limits
}

// New returns an Engine.
func New(app App, shared *Shared, limits Limits) *Engine {
	return &Engine{App: app, Shared: shared, limits: limits}
}

// Acquire takes slots for the operations of a request. It reports whether there were as
// many. Release gives back slots, also those that were not there.
func (e *Engine) Acquire(operations int) bool {
	return e.inFlight.Add(int64(operations)) <= e.limits.InFlight
}

// Release gives back the slots that Acquire was called for.
func (e *Engine) Release(operations int) { e.inFlight.Add(-int64(operations)) }

// Run runs one operation, leaves its only result in result, and reports on it there. If the
// operation is an accepted subscription, Run returns it, which has to be forwarded; ctx then
// has no meaning for it. Errors are of type [*operation.Error].
func (e *Engine) Run(ctx context.Context, caller *Caller, req *operation.Request, result *operation.Result) (s *Subscription, err error) {
	r := runs.Get().(*run)
	defer putRun(r)
	*r = run{Engine: e, Request: req, caller: caller, result: result, context: r.context[:0]}
	r.report()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		err = e.errorOf(err)
	}()
	for _, step := range steps {
		if err := step(r, ctx); err != nil || r.refused {
			return nil, err
		}
	}
	if r.operation.Kind == schema.Subscription {
		return r.subscribe(ctx)
	}
	return nil, nil
}

// steps are what happens to an operation, in order.
var steps = []func(*run, context.Context) error{
	(*run).findDocument, // trusted or persisted
	(*run).parse,        // and hold against document_limits
	(*run).checkSent,
	(*run).checkKind,
	(*run).authorize,
	(*run).chargeRateLimits,
	(*run).checkSubscription,
	(*run).buildContext,
	(*run).checkIntrospection,
	(*run).validate, // against the contract
	(*run).execute,  // share the call; upstream, present errors, print. Subscriptions follow
}

// A run is one operation on its way through the engine.
type run struct {
	*Engine
	*operation.Request
	caller *Caller
	result *operation.Result

	sent       bool // the client sent the document, and no manifest has it
	byID       bool // a manifest has the document under the id or hash of the request
	document   *schema.Document
	operation  *schema.Operation
	validation contract.Validation
	identified bool   // the context or the identity identifies the caller
	context    []byte // encoded
	refused    bool   // the result is a refusal, and the operation is not executed
	call       Call
	upload     Upload   // nil: the operation has no files
	masked     []string // errors of the result, for the log
}

var runs = sync.Pool{New: func() any { return new(run) }}

func putRun(r *run) {
	*r = run{context: r.context}
	runs.Put(r)
}

// checkKind refuses what is no query where queries alone are allowed.
func (r *run) checkKind(context.Context) error {
	switch {
	case !r.ReadOnly || r.operation.Kind == schema.Query:
		return nil
	case r.operation.Kind == schema.Subscription:
		if r.Subscriptions != nil && r.Stream {
			return nil
		}
		e := *errSubscription
		e.Class = operation.NotReadOnly
		return &e
	}
	return errNotQuery
}

func (r *run) authorize(context.Context) error {
	return r.Authenticator.Authorize(r.caller.identity, r.operation.Kind.String(), r.operation.Name)
}

func (r *run) checkSubscription(context.Context) error {
	switch {
	case r.operation.Kind != schema.Subscription:
		return nil
	case r.Subscriptions == nil:
		return errSubscription
	case r.Files != nil:
		return errSubscriptionFiles
	case r.Stream:
		return nil
	}
	return errNoStream
}

func (r *run) buildContext(context.Context) (err error) {
	var identified bool
	r.context, identified, err = r.Context.Append(r.context, &r.caller.Request, r.caller.identity)
	r.identified = identified || r.caller.identity != nil
	return err
}

func (r *run) checkIntrospection(context.Context) error {
	return r.Config.DocumentLimits.permitIntrospection(r.operation, r.identified)
}

func (r *run) validate(context.Context) error {
	r.validation = r.Contract.Validate(r.document, r.operation)
	if refusal := r.validation.Refusal(); refusal != nil {
		r.result.Code = contract.FailedCode
		r.result.JSON.Bytes = append(r.result.JSON.Bytes[:0], refusal...)
		r.refused = true
	}
	return nil
}

// setCall sets the call of the operation.
func (r *run) setCall() {
	trace := r.caller.Trace
	trace.Span = r.Traces.NewSpan(trace)
	r.result.NodeSpan = trace.Span
	r.call = Call{
		Document:      r.document.Text,
		Hash:          r.document.Hash,
		OperationName: r.OperationName,
		Variables:     r.Variables,
		Context:       r.context,
		Idempotent:    r.operation.Kind == schema.Query && r.Files == nil,
		Filter:        r.validation.Filter,
		RequestID:     r.caller.Request.ID,
		Trace:         trace,
		path:          r.Path,
		name:          r.result.Name,
	}
	r.caller.setClaims(&r.call)
	if r.PlugRequest != nil {
		r.call.Request = r.PlugRequest.Append(nil, &r.caller.Request, r.method(), r.Path)
	}
}

// method returns the method of HTTP that allows what the request allows.
func (r *run) method() string {
	if r.ReadOnly {
		return "GET"
	}
	return "POST"
}

// execute runs the operation within its timeout, or shares the call of an equal query.
func (r *run) execute(ctx context.Context) error {
	if r.operation.Kind == schema.Subscription {
		return nil
	}
	r.setCall()
	r.persist()
	r.result.Enter(operation.StageQueue)
	if r.Files != nil {
		defer r.closeUpload()
		if err := r.receive(ctx); err != nil {
			return err
		}
	}
	timeout, cause := r.timeout()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, cause)
	defer cancel()
	err := r.answer(ctx)
	r.logMasked()
	if r.result.Code == operation.OK {
		r.validation.SetExecuted(r.result.HasData, r.caller.Client)
		if r.byID && r.result.Outcome == operation.Succeeded {
			r.result.CacheControl = r.Config.Trusted.CacheControl
		}
	}
	return err
}

func (r *run) answer(ctx context.Context) error {
	switch {
	case r.Sharing == nil:
		return r.callUpstream(ctx)
	case r.call.Idempotent:
		return r.share(ctx)
	}
	defer r.Sharing.separate()
	return r.callUpstream(ctx)
}

// callUpstream runs the operation upstream and prints its result.
func (r *run) callUpstream(ctx context.Context) error {
	r.call.report = &r.result.Report
	var result Result
	var err error
	if r.upload != nil {
		result, err = r.upload.Run(ctx)
	} else {
		result, err = r.Upstream.Run(ctx, &r.call)
	}
	if err != nil {
		return err
	}
	defer result.Release()
	r.result.Enter(operation.StageTranscode)
	r.result.Code, r.result.Node = operation.OK, result.Node()
	r.result.HasData, r.result.Outcome, r.result.Header = result.HasData(), result.Outcome(), result.Header()
	r.result.ReplyStatus = result.Status()
	if err := r.presentErrors(result); err != nil {
		return err
	}
	return r.print(ctx, result)
}

// timeout returns the time that the operation may take. Its end counts against the node
// only if the application chose the time. Operations of a batch do not count: one request
// would count many times.
func (r *run) timeout() (timeout time.Duration, cause error) {
	if r.Timeout > 0 && r.Timeout < r.Config.Timeout {
		return r.Timeout, context.DeadlineExceeded
	}
	if r.Batched {
		return r.Config.Timeout, context.DeadlineExceeded
	}
	return r.Config.Timeout, r.Upstream.TimeoutCause()
}
