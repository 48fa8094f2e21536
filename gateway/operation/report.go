package operation

import "crypto/sha256"

// A Report is what the log, traces and metrics have of one operation. Transport and engine
// fill it in.
type Report struct {
	Path      string // of the application
	RequestID string
	// Trace is that of the request. Its Span is the client's.
	Trace    Trace
	Method   string // of HTTP
	Client   Client
	Identity string // the method that authenticated the caller, or empty
	// Request is the request, with its document if that was found; nil: it was not read. It
	// is valid until the response is written.
	Request *Request
	Kind    string            // query, mutation or subscription, or empty
	Name    string            // of the operation, or empty
	Hash    [sha256.Size]byte // of the document; zero: there is none
	Node    string            // the last one that got the call, or empty
	// NodeSpan is the id of the call's span.
	NodeSpan [8]byte
	// Shared: the call of an equal query answered this one.
	Shared bool
	// Prepared: the node ran the operation from a prepared document.
	Prepared bool
	// Events is the number of results of a subscription.
	Events int
	// Code is [OK], or that of the gateway's error.
	Code string
	// Outcome says which errors a result of the application has.
	Outcome Outcome
	// Cause is why the operation failed, if the client does not get it.
	Cause  error
	Status int // of HTTP
	Bytes  int // of the response's body
	Timer
}

// Failed reports whether the answer has no data.
func (r *Report) Failed() bool {
	return r.Code != OK || r.Outcome == NotExecuted || r.Outcome == NullData
}

// HasErrors reports whether the answer has errors. One that is not failed has data as well.
func (r *Report) HasErrors() bool { return r.Code != OK || r.Outcome != Succeeded }
