// Package operation has what passes between a transport and the engine: a request to run
// one operation, its results and its errors. It must never know HTTP or a node.
package operation

import (
	"io"
	"iter"
	"time"
)

// A Request asks for one operation ("Request Parameters" of the GraphQL over HTTP
// specification). It is the input of one run: the engine fills in Query.
type Request struct {
	Query         string
	OperationName string
	Variables     []byte // a JSON object, or empty
	// DocumentID is the id of a trusted document, where there is no query.
	DocumentID string
	// Hash is the SHA-256 of the document in hexadecimal, as
	// extensions.persistedQuery has it; or empty.
	Hash string
	// Timeout is the time that the client allows; 0: as long as the application does.
	Timeout time.Duration
	// ReadOnly allows queries alone.
	ReadOnly bool
	// Stream: the client takes many results.
	Stream bool
	// Gaps: the client wants to know of results of a subscription that it did not get.
	Gaps bool
	// Files are the files of the operation, or an error, as they arrive: each has to be read
	// before the next one. Nil: there are none.
	Files iter.Seq2[File, error]
	// StreamID names the operation on the stream of a reservation; or empty.
	StreamID string
	// Index is the position in the request's batch.
	Index int
	// Batched reports whether the operation is part of a batch.
	Batched bool
}

// A File is a file that an operation takes.
type File struct {
	// Key is the value in the operation that stands for the file.
	Key string
	// Filename and ContentType are the client's, and may be empty.
	Filename    string
	ContentType string
	Content     io.Reader
}

// Arrived reports whether the rate limits by address have counted the operation with the
// request that it came in.
func (r *Request) Arrived() bool { return r.Index == 0 }
