package socket

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
)

// A socket is one WebSocket connection. Its reader handles one message after the other and
// starts operations, which run at the same time and write their results. It holds no
// configuration: each operation runs with the current one.
type socket struct {
	app      *Application // with which the client was authenticated
	protocol subprotocol
	ws       *websocket.Conn
	deflates bool // permessage-deflate is negotiated
	conn     *pacedConn
	caller   *engine.Caller
	account  *memory.Account // of the connection and the messages that are read
	ctx      context.Context // ends when the connection is to be closed
	close    context.CancelCauseFunc

	initiated bool   // of the reader, as all above
	leave     func() // nil: not initiated
	beat      *time.Timer

	writing sync.Mutex
	running sync.WaitGroup

	mu         sync.Mutex
	operations map[string]*activeOperation // whose goroutines have not ended
}

// A closing is why the gateway closes a socket: a status code of the subprotocol, or of
// WebSocket.
type closing struct {
	code   int
	reason string
}

func (c *closing) Error() string { return c.reason }

// newClosing returns a closing whose reason fits into a close frame.
func newClosing(code int, reason string) *closing {
	return &closing{code, strings.ToValidUTF8(reason[:min(len(reason), 120)], "")}
}

const (
	// initTime bounds the time until a client authenticates.
	initTime = 3 * time.Second
	// closeTime bounds the time for the client to answer a close frame.
	closeTime = time.Second
)

var (
	errNoSubprotocol = newClosing(4406, "Subprotocol not acceptable")
	errInitTimeout   = newClosing(4408, "Connection initialisation timeout")
	errInitTwice     = newClosing(4429, "Too many initialisation requests")
	errNotInitiated  = newClosing(4401, "Unauthorized")
	errLeaves        = newClosing(websocket.CloseGoingAway, "Going away")
	errNoMemory      = newClosing(websocket.CloseTryAgainLater, "There is no memory for this message")
	errTooLong       = newClosing(websocket.CloseMessageTooBig, "The message is too long")
)

// serve serves the connection until it is closed.
func (s *socket) serve() {
	defer s.account.Close()
	init := time.AfterFunc(initTime, func() { s.close(errInitTimeout) })
	context.AfterFunc(s.ctx, s.writeClose)
	if err := s.open(); err != nil {
		s.close(err)
	}
	if s.initiated {
		init.Stop()
	}
	s.read(init)
	s.ws.Close()
	s.running.Wait()
	init.Stop()
	if s.initiated {
		s.beat.Stop()
		s.leave() // last: the gateway waits for it before it stops
	}
}

func (s *socket) open() error {
	if s.protocol == nil {
		return errNoSubprotocol
	}
	return s.protocol.open(s)
}

// read handles messages until the connection ends.
func (s *socket) read(init *time.Timer) {
	for s.ctx.Err() == nil {
		err := s.receive()
		if s.initiated {
			init.Stop()
		}
		if err == nil {
			continue
		}
		if errors.Is(err, websocket.ErrReadLimit) {
			err = errTooLong
		}
		s.close(err)
		var why *closing
		if !errors.As(err, &why) {
			return
		}
	}
	s.awaitClose()
}

// writeClose tells the client why the connection ends. The client has closeTime to close it.
func (s *socket) writeClose() {
	var why *closing
	if errors.As(context.Cause(s.ctx), &why) {
		s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(why.code, why.reason), time.Now().Add(closeTime))
	}
	s.ws.SetReadDeadline(time.Now().Add(closeTime))
}

// awaitClose reads until the client has closed the connection, or has had its time.
func (s *socket) awaitClose() {
	for {
		_, _, err := s.ws.NextReader()
		if errors.Is(err, websocket.ErrReadLimit) {
			io.Copy(io.Discard, s.conn)
		}
		if err != nil {
			return
		}
	}
}

// setReadDeadline sets the deadline of reading, which does not move once the connection is to
// be closed.
func (s *socket) setReadDeadline(after time.Duration) {
	s.ws.SetReadDeadline(time.Now().Add(after))
	if s.ctx.Err() != nil {
		s.ws.SetReadDeadline(time.Now().Add(closeTime))
	}
}

// silence is how long the client may send nothing. It answers pings.
func (s *socket) silence() time.Duration { return s.heartbeat() + s.conn.timeout }

func (s *socket) heartbeat() time.Duration { return s.app.Engine.Config.Subscriptions.Heartbeat }

// startHeartbeat pings the client now and then.
func (s *socket) startHeartbeat() {
	s.ws.SetPongHandler(func(string) error {
		s.setReadDeadline(s.silence())
		return nil
	})
	s.beat = time.AfterFunc(time.Hour, func() {
		if s.ctx.Err() != nil {
			return
		}
		s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(closeTime))
		if message := s.protocol.keepAlive(); message != "" {
			s.send(s.account, message, nil, "")
		}
		s.beat.Reset(s.heartbeat())
	})
	s.beat.Reset(s.heartbeat())
}

// initiate authenticates the client by its handshake and the credentials of its first message.
func (s *socket) initiate(credentials map[string]string) error {
	if s.initiated {
		return errInitTwice
	}
	app, release := s.app.Hold()
	if app == nil {
		return errLeaves
	}
	defer release() // after Attend: a reload authenticates again what has attended until then
	s.app = app
	s.caller.Request.Header = withCredentials(s.caller.Request.Header, credentials, append(app.Engine.Authenticator.TokenHeaders(), "Authorization"))
	if err := app.Engine.Authenticate(s.ctx, s.caller); err != nil {
		known := app.Engine.Error(err)
		app.Engine.Metrics.CountError(known.Code, time.Now())
		return newClosing(4403, known.Message)
	}
	s.leave = app.Engine.Attend(s.caller, s.end)
	s.startHeartbeat()
	s.initiated = true
	return nil
}

// end ends the connection in place of its subscriptions.
func (s *socket) end(err error) {
	if errors.Is(err, engine.ErrGoingAway) {
		s.close(errLeaves)
		return
	}
	s.close(newClosing(4403, s.app.Engine.Error(err).Message))
}

var errTooManyOperations = &operation.Error{Class: operation.RateLimited, Code: "TOO_MANY_SUBSCRIPTIONS", Message: "There are too many operations on this connection: end others first.", RetryAfter: time.Second}

// start starts an operation. Past the most operations of a connection, the reader itself
// answers with an error: a client that does not read the answers is not read either.
func (s *socket) start(o *activeOperation) error {
	s.mu.Lock()
	surplus := len(s.operations) >= s.app.Engine.Config.Subscriptions.PerConnection
	if !surplus {
		s.operations[o.id] = o
	}
	s.mu.Unlock()
	if surplus {
		o.refuse(errTooManyOperations)
		return nil
	}
	s.running.Go(o.run)
	return nil
}

// awaitFree waits until no operation has an id. taken: one has, which goes on.
func (s *socket) awaitFree(id string) (taken bool) {
	s.mu.Lock()
	o := s.operations[id]
	over := o == nil || o.over
	s.mu.Unlock()
	if o == nil || !over {
		return !over
	}
	select {
	case <-o.ended:
	case <-s.ctx.Done():
	}
	return false
}

// stop ends an operation for its client.
func (s *socket) stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.operations[id]; o != nil {
		o.over = true
		o.cancel()
	}
}

// stopAll ends all operations for the client.
func (s *socket) stopAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.operations {
		o.over = true
		o.cancel()
	}
}
