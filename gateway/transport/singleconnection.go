package transport

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// tokenHeader has the token of a reservation; so has the parameter token of the URL.
const tokenHeader = "X-Graphql-Event-Stream-Token" // #nosec G101 -- a name

func streamToken(r *http.Request) string {
	if token := r.Header.Get(tokenHeader); token != "" || r.URL.RawQuery == "" {
		return token
	}
	return r.URL.Query().Get("token")
}

var (
	errNoStream       = httpError(http.StatusNotFound, "STREAM_NOT_FOUND", "There is no stream with this token: reserve one with PUT, and open it with GET.")
	errStreamOpen     = httpError(http.StatusConflict, "STREAM_OPEN", "The stream with this token is open already.")
	errNoOperationID  = response.BadRequest("An operation on a stream needs an operationId, a string of at most %d bytes.", maxOperationID)
	errOperationTaken = httpError(http.StatusConflict, "OPERATION_EXISTS", "The stream has an operation with this id.")
)

// operationMemory is the memory of an operation on a stream besides its results, in bytes.
const operationMemory = 8 << 10

// maxOperationID bounds the id of an operation on a stream, in bytes.
const maxOperationID = 256

// ServeReservation reserves a stream (PUT), or ends an operation on one (DELETE).
func (h *Handler) ServeReservation(w http.ResponseWriter, r *http.Request) {
	caller := h.callerOf(w, r)
	if err := h.engine.Authenticate(r.Context(), caller); err != nil {
		h.errorOf(err, jsonMedia).Write(w)
		return
	}
	if r.Method == http.MethodPut {
		h.reserve(w, caller)
		return
	}
	reservation, err := h.reservations.find(streamToken(r), caller)
	id := r.URL.Query().Get("operationId")
	if err == nil && id == "" {
		err = errNoOperationID
	}
	if err != nil {
		h.errorOf(err, jsonMedia).Write(w)
		return
	}
	reservation.stop(id)
}

func (h *Handler) reserve(w http.ResponseWriter, caller *engine.Caller) {
	reservation := h.reservations.reserve(h.engine, caller)
	if reservation == nil {
		response.FromOperation(operation.Overloaded, 0).Write(w)
		return
	}
	w.Header().Set("Cache-Control", operation.NoStore)
	response.Write(w, http.StatusCreated, []string{"text/plain; charset=utf-8"}, []byte(reservation.token))
}

// reservedStream is an open stream, whose operations send whole events.
var reservedStream = &streamFormat{
	contentType: eventStream.contentType,
	beginning:   comment,
	heartbeat:   comment,
	result:      func(events []byte) []byte { return events },
	leave:       eventStream.leave,
}

// operationOn is the format of an operation on a stream. It has no heartbeats. A client that
// should subscribe again has to connect again.
func operationOn(r *reservation, id string) *streamFormat {
	quoted, _ := json.Marshal(id)
	open := `{"id":` + string(quoted)
	return &streamFormat{
		result: func(result []byte) []byte {
			return nextEvent(append(append([]byte(open+`,"payload":`), result...), '}'))
		},
		complete: "event: complete\ndata: " + open + "}\n\n",
		leave: func(time.Duration) []byte {
			r.abandon(engine.ErrGoingAway)
			return nil
		},
	}
}

// runOn runs an operation whose results go to an open stream. If it has none, s has an answer
// for the request itself.
func (h *Handler) runOn(reservation *reservation, s *responseState, w http.ResponseWriter, r *http.Request, caller *engine.Caller, req *operation.Request) error {
	if req.StreamID == "" || len(req.StreamID) > maxOperationID {
		return errNoOperationID
	}
	ctx, err := reservation.begin(req.StreamID)
	if err != nil {
		return err
	}
	req.Stream = true
	subscription, err := h.engine.Run(r.Context(), caller, req, &s.result)
	if err == nil {
		h.engine.Metrics.CountResult(&s.result, s.began)
	}
	format := operationOn(reservation, req.StreamID)
	switch {
	case err != nil, subscription == nil && !s.result.HasData:
		reservation.stop(req.StreamID)
		return err
	case subscription == nil:
		defer reservation.stop(req.StreamID)
		s.accepted = true
		return reservation.send(append(format.result(s.result.JSON.Bytes), format.complete...))
	}
	operation := h.newStream(s, r, caller, format, subscription)
	if operation.w, err = reservation.writer(w); err != nil {
		reservation.stop(req.StreamID)
		subscription.Close()
		return err
	}
	s.accepted, s.goesOn = true, true
	go func() {
		defer reservation.stop(req.StreamID)
		operation.serve(ctx)
		operation.w.Account.Close()
	}()
	return nil
}

// writer returns a writer for one operation, with the write timeout of a request.
func (r *reservation) writer(w http.ResponseWriter) (*admission.Writer, error) {
	outer := w.(*admission.Writer)
	account := outer.Account.Open()
	if !account.Reserve(operationMemory) {
		return nil, operation.Overloaded
	}
	return &admission.Writer{ResponseWriter: &operationWriter{reservation: r}, Timeout: outer.Timeout, Account: account}, nil
}

// An operationWriter writes the events of one operation to a stream, each as a whole.
type operationWriter struct {
	reservation *reservation
	pending     []byte
}

// Header implements [http.ResponseWriter].
func (o *operationWriter) Header() http.Header { return nil }

// WriteHeader implements [http.ResponseWriter].
func (o *operationWriter) WriteHeader(int) {}

// Write keeps events until FlushError.
func (o *operationWriter) Write(b []byte) (int, error) {
	o.pending = append(o.pending, b...)
	return len(b), nil
}

// FlushError sends events to the stream.
func (o *operationWriter) FlushError() error {
	events := o.pending
	if o.pending = nil; len(events) == 0 {
		return nil
	}
	return o.reservation.send(events)
}

// SetWriteDeadline interrupts the stream if the deadline has passed: its client is too slow
// for the memory that it holds. The stream has other deadlines of its own.
func (o *operationWriter) SetWriteDeadline(at time.Time) error {
	if at.Equal(admission.Past) {
		o.reservation.interrupt()
	}
	return nil
}
