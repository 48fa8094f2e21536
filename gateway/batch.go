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
	failure  []byte    // the answer that says so
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
func (h *graphQL) operateBatch(x *exchange, w http.ResponseWriter, r *http.Request, from *caller, batch []*batched) error {
	var running sync.WaitGroup
	for i, op := range batch {
		if op.err != nil {
			continue
		}
		op.arrived, op.batched = i == 0, true
		if op.exchange, op.err = newExchange(x.account); op.err != nil {
			continue
		}
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
	return h.join(x, w, r, batch)
}

// join leaves the array of the answers of a batch in x.
func (h *graphQL) join(x *exchange, w http.ResponseWriter, r *http.Request, batch []*batched) error {
	defer func() {
		for _, op := range batch {
			if op.exchange != nil {
				op.exchange.release()
			}
		}
	}()
	size := len("[]")
	for _, op := range batch {
		if op.err == nil && size+len(op.exchange.answer) > h.limits.Answer {
			op.err = answerTooLarge
		}
		if op.err != nil {
			op.failure = h.failed(x, w, r, op.err).body()
		} else {
			h.metrics.countAnswer(op.exchange, x.began)
		}
		size += len(op.answer()) + h.batchedMemory(op.members)
	}
	if !x.enlarge(&x.answer, size) {
		return dropped(errNoMemory, false)
	}
	x.answer = append(x.answer[:0], '[')
	for i, op := range batch {
		if i > 0 {
			x.answer = append(x.answer, ',')
		}
		x.answer = h.appendBatched(x.answer, op.members, op.answer())
		if op.exchange != nil {
			x.quotas = append(x.quotas, op.exchange.quotas...)
			op.exchange.drop(&op.exchange.answer)
		}
	}
	x.answer = append(x.answer, ']')
	x.hasData = true
	return nil
}

// answer is what stands for the operation in the answer to its batch.
func (op *batched) answer() []byte {
	if op.err != nil {
		return op.failure
	}
	return op.exchange.answer
}

// escaped is how many times longer a text can be as JSON.
const escaped = 6

// batchedMemory is up to how many bytes appendBatched adds to an answer.
func (h *graphQL) batchedMemory(members map[string]json.RawMessage) int {
	n := len(`,{"payload":}`)
	if h.app.Config.BatchFormat == formatAbsinthe {
		for name, value := range members {
			n += escaped*len(name) + len(value) + len(`"":,`)
		}
	}
	return n
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
