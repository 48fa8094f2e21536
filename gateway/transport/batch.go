package transport

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// batched is one operation of a batch.
type batched struct {
	*operation.Request
	members   map[string]json.RawMessage
	state     *responseState // once the operation has run
	unrun     operation.Report
	err       error      // why there is no request, or no answer
	errorBody []byte     // the answer that tells err
	files     *fileQueue // nil: it has none
}

// fromArray reads a batch. An error in one of its operations takes the place of its answer.
func fromArray(body []byte, limit int) ([]*batched, error) {
	if err := request.Check(body); err != nil {
		return nil, err
	}
	var batch []*batched
	for element := range strictjson.Elements(body) {
		if len(batch) == limit {
			return nil, batchTooLarge(limit)
		}
		op := &batched{members: strictjson.Object(element)}
		if op.members == nil {
			op.err = response.BadRequest("This operation of the batch is not a JSON object.")
		} else {
			op.Request, op.err = request.FromMembers(op.members)
		}
		batch = append(batch, op)
	}
	if len(batch) == 0 {
		return nil, response.BadRequest("The request's batch is empty.")
	}
	return batch, nil
}

// runBatch runs the operations of a batch concurrently and leaves the array of their answers
// in s.
func (h *Handler) runBatch(s *responseState, w http.ResponseWriter, r *http.Request, caller *engine.Caller, batch []*batched) error {
	var running sync.WaitGroup
	for i, op := range batch {
		if op.err != nil {
			continue
		}
		op.Index, op.Batched = i, true
		if op.state, op.err = openState(s.account, s.began); op.err != nil {
			continue
		}
		op.state.result.Timer = s.result.Timer
		running.Go(func() {
			defer op.files.leave()
			_, op.err = h.engine.Run(r.Context(), caller, op.Request, &op.state.result)
			op.state.result.Enter(operation.StageWrite)
		})
	}
	if queues := queuesOf(batch); len(queues) > 0 {
		queues[0].reader.distribute(queues)
	}
	running.Wait()
	return h.join(s, batch)
}

// join leaves the array of the answers of a batch in s.
func (h *Handler) join(s *responseState, batch []*batched) error {
	defer func() {
		for _, op := range batch {
			if op.state != nil {
				op.state.close()
			}
		}
	}()
	for _, op := range batch { // a plug answers the request
		if known, ok := errors.AsType[*operation.Error](op.err); ok && known.Reply != nil {
			return op.err
		}
	}
	size := len("[]")
	for _, op := range batch {
		if op.err == nil && size+len(op.answer()) > h.limits.Answer {
			op.err = engine.ResultTooLarge(nil)
		}
		if op.err != nil {
			op.errorBody = h.count(s, op.report(s), op.err).Body()
		} else {
			h.engine.Metrics.CountResult(&op.state.result, s.began)
		}
		size += len(op.answer()) + h.batchedMemory(op.members)
	}
	answer := &s.result.JSON
	if !answer.Grow(size) {
		return engine.NoMemory(errors.New("no memory is left for the answer of the batch"), false)
	}
	answer.Bytes = append(answer.Bytes[:0], '[')
	for i, op := range batch {
		if i > 0 {
			answer.Bytes = append(answer.Bytes, ',')
		}
		answer.Bytes = h.appendBatched(answer.Bytes, op.members, op.answer())
		s.batch = append(s.batch, *op.report(s))
		if op.state != nil {
			s.result.Quotas = append(s.result.Quotas, op.state.result.Quotas...)
			s.result.Header = append(s.result.Header, op.state.result.Header...)
			op.state.result.JSON.Drop()
		}
	}
	answer.Bytes = append(answer.Bytes, ']')
	s.result.HasData = true
	return nil
}

// report returns the report on the operation, which may not have run.
func (op *batched) report(s *responseState) *operation.Report {
	if op.state == nil {
		op.unrun.Timer = s.result.Timer
		return &op.unrun
	}
	return &op.state.result.Report
}

// answer returns the JSON of the operation in the answer to its batch.
func (op *batched) answer() []byte {
	if op.err != nil {
		return op.errorBody
	}
	return op.state.result.JSON.Bytes
}

// escaped is the most bytes of JSON that one byte of text becomes.
const escaped = 6

// batchedMemory bounds the bytes that appendBatched adds to an answer.
func (h *Handler) batchedMemory(members map[string]json.RawMessage) int {
	n := len(`,{"payload":}`)
	if h.config.BatchFormat == formatAbsinthe {
		for name, value := range members {
			n += escaped*len(name) + len(value) + len(`"":,`)
		}
	}
	return n
}

func (h *Handler) appendBatched(b []byte, members map[string]json.RawMessage, answer []byte) []byte {
	if h.config.BatchFormat != formatAbsinthe {
		return append(b, answer...)
	}
	b = append(b, '{')
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch name {
		case "query", "variables", "payload":
			continue
		}
		key, _ := json.Marshal(name)
		b = append(append(append(append(b, key...), ':'), members[name]...), ',')
	}
	return append(append(append(b, `"payload":`...), answer...), '}')
}
