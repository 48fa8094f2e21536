package transport

import (
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
)

// maxKept bounds each buffer that is kept for later requests, in bytes.
const maxKept = 64 << 10

// A responseState has the memory of one request, or of one operation of a batch, and what
// its response is made of.
type responseState struct {
	account    *memory.Account
	began      time.Time
	media      *mediaType
	stream     *streamFormat    // of a subscription; nil: the client takes none
	hasFiles   bool             // the request has files
	accepted   bool             // the results of the operation go to a stream
	goesOn     bool             // the operation is reported when it ends
	body       memory.Buffer    // of the request
	result     operation.Result // its JSON is the answer
	compressed memory.Buffer    // the answer
	batch      []operation.Report
}

var states = sync.Pool{New: func() any { return new(responseState) }}

// openState returns a state whose buffers are empty and whose memory the account holds.
func openState(account *memory.Account, began time.Time) (*responseState, error) {
	s := states.Get().(*responseState)
	s.account, s.began, s.media = account, began, jsonMedia
	s.result.Reset()
	s.result.Timer = operation.StartTimer(began)
	if !s.body.Open(account) || !s.result.JSON.Open(account) || !s.compressed.Open(account) {
		s.close()
		return nil, operation.Overloaded
	}
	return s, nil
}

// close allows the buffers to be used again. The account has to be closed or to go on
// without them.
func (s *responseState) close() {
	for _, b := range []*memory.Buffer{&s.body, &s.result.JSON, &s.compressed} {
		b.Close(maxKept)
	}
	s.account, s.batch, s.stream, s.hasFiles, s.accepted, s.goesOn = nil, nil, nil, false, false, false
	s.result.Reset()
	states.Put(s)
}
