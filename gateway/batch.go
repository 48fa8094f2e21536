package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/louche-graphql/louche/internal/strictjson"
)

// batched is one operation of a batch.
type batched struct {
	*request
	members  map[string]json.RawMessage
	exchange *exchange // once it has been run
	err      error     // why there is no request, or no answer
}

// fromArray reads a batch. What is wrong with one of its operations is told in
// place of its answer.
func fromArray(body []byte, limit int) ([]*batched, error) {
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	var batch []*batched
	for element := range strictjson.Elements(body) {
		if len(batch) == limit {
			return nil, batchTooLarge(limit)
		}
		op := &batched{members: strictjson.Object(element)}
		if op.members == nil {
			op.err = badRequest("This operation of the batch is not a JSON object.")
		} else {
			op.request, op.err = fromMembers(op.members)
		}
		batch = append(batch, op)
	}
	if len(batch) == 0 {
		return nil, badRequest("The request's batch is empty.")
	}
	return batch, nil
}

// operateBatch runs the operations of a batch at once and leaves the array of their
// answers in x. One that fails has its error there.
func (h *graphQL) operateBatch(x *exchange, w http.ResponseWriter, r *http.Request, from *caller, batch []*batched) {
	var running sync.WaitGroup
	for i, op := range batch {
		if op.err != nil {
			continue
		}
		op.arrived, op.batched = i == 0, true
		op.exchange = exchanges.Get().(*exchange)
		running.Go(func() {
			defer func() { // net/http would, in its own goroutine
				if p := recover(); p != nil {
					op.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			op.err = h.operate(op.exchange, r, from, op.request)
		})
	}
	running.Wait()
	x.answer = append(x.answer[:0], '[')
	for i, op := range batch {
		if i > 0 {
			x.answer = append(x.answer, ',')
		}
		var answer []byte
		if op.err == nil {
			answer = op.exchange.answer
			if len(x.answer)+len(answer) > h.limits.Answer {
				op.err = answerTooLarge
			}
		}
		if op.err != nil {
			answer = h.failed(x, w, r, op.err).body()
		} else {
			h.metrics.count(op.exchange.code, x.began)
		}
		x.answer = h.appendBatched(x.answer, op.members, answer)
		if op.exchange != nil {
			x.quotas = append(x.quotas, op.exchange.quotas...)
			op.exchange.release()
		}
	}
	x.answer = append(x.answer, ']')
	x.hasData = true
}

// appendBatched appends an answer as the clients that speak the configured format
// expect it.
func (h *graphQL) appendBatched(b []byte, members map[string]json.RawMessage, answer []byte) []byte {
	if h.app.Config.BatchFormat != formatAbsinthe {
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
