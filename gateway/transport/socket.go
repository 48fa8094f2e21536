package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/memory"
)

// socketProtocol is the subprotocol of WebSockets: "GraphQL over WebSocket Protocol" of the
// npm package graphql-ws.
const socketProtocol = "graphql-transport-ws"

// initTime bounds the time until a client authenticates.
const initTime = 3 * time.Second

// A closing is why the gateway closes a socket: a status code of the protocol, or of
// WebSocket.
type closing struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes
}

func (c *closing) Error() string { return c.reason }

var (
	errNoSubprotocol = &closing{4406, "Subprotocol not acceptable"}
	errInitTimeout   = &closing{4408, "Connection initialisation timeout"}
	errInitTwice     = &closing{4429, "Too many initialisation requests"}
	errNotInitiated  = &closing{4401, "Unauthorized"}
	errSocketExpired = &closing{4403, "The credentials have expired"}
	errSocketLeaves  = &closing{websocket.StatusGoingAway, "Going away"}
	errSocketMemory  = &closing{websocket.StatusTryAgainLater, "There is no memory for this message"}
)

// A socket is one WebSocket connection. Its reader starts operations, which run at the same
// time and write their results.
type socket struct {
	handler  *Handler
	conn     *websocket.Conn
	w        http.ResponseWriter
	request  *http.Request
	caller   *engine.Caller
	timeout  time.Duration   // of a write
	incoming *memory.Account // of messages that are read
	ctx      context.Context // of operations: ends when the connection is to be closed
	close    context.CancelCauseFunc

	initiated bool        // of the reader
	beat      *time.Timer // nil: not initiated

	running    sync.WaitGroup
	mu         sync.Mutex // guards the fields below
	operations map[string]context.CancelFunc
}

// isUpgrade reports whether a request asks for a WebSocket.
func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveSocket serves a WebSocket until it is closed.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && !h.csrf.allows(origin) && !isSameOrigin(r) {
		response.ForeignOrigin.Write(w)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{socketProtocol},
		InsecureSkipVerify: true,                                   // the origin is checked above
		CompressionMode:    websocket.CompressionNoContextTakeover, // idle connections hold no window
	})
	if err != nil {
		return // Accept has answered
	}
	h.detach(r)
	conn.SetReadLimit(h.limits.Body)
	s := &socket{
		handler: h, conn: conn, w: w, request: r,
		caller:     h.callerOf(w, r),
		timeout:    w.(*deadlineWriter).timeout,
		incoming:   accountOf(w).Open(),
		operations: make(map[string]context.CancelFunc),
	}
	defer s.incoming.Close()
	s.ctx, s.close = context.WithCancelCause(context.Background())
	leave := h.engine.Subscriptions.Attend(func() { s.close(errSocketLeaves) })
	defer leave()
	s.serve()
}

// isSameOrigin reports whether the page of a handshake came from this host. Browsers always
// name the page.
func isSameOrigin(r *http.Request) bool {
	_, host, _ := strings.Cut(r.Header.Get("Origin"), "://")
	return strings.EqualFold(host, r.Host)
}

func (s *socket) serve() {
	unresponsive := time.AfterFunc(initTime, func() { s.close(errInitTimeout) })
	defer unresponsive.Stop()
	// Closing the connection ends the reader. The end of a context would close it without a
	// close frame.
	stop := context.AfterFunc(s.ctx, func() {
		var why *closing
		if errors.As(context.Cause(s.ctx), &why) {
			s.conn.Close(why.code, why.reason)
		}
		s.conn.CloseNow()
	})
	err := s.read(unresponsive)
	s.close(err)
	if stop() {
		s.conn.CloseNow()
	}
	s.running.Wait()
}

// read reads messages until the connection ends.
func (s *socket) read(unresponsive *time.Timer) error {
	if s.conn.Subprotocol() == "" {
		return s.end(errNoSubprotocol)
	}
	for {
		message, err := s.receive()
		if err == nil {
			err = s.handle(message)
		}
		if err != nil {
			return s.end(err)
		}
		if s.initiated && s.beat == nil {
			unresponsive.Stop()
			s.startHeartbeat()
			defer s.beat.Stop()
		}
	}
}

// end closes the connection for a reason of the protocol.
func (s *socket) end(err error) error {
	var why *closing
	if errors.As(err, &why) {
		s.conn.Close(why.code, why.reason)
	}
	return err
}

// startHeartbeat pings the client now and then. If it does not answer within the time of a
// write, the connection is closed.
func (s *socket) startHeartbeat() {
	interval := s.handler.engine.Config.Subscriptions.Heartbeat
	s.beat = time.AfterFunc(time.Hour, func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		defer cancel()
		if s.conn.Ping(ctx) != nil {
			s.close(context.DeadlineExceeded)
			return
		}
		s.beat.Reset(interval)
	})
	s.beat.Reset(interval)
}

// receive reads a message as it comes. While the gateway waits for the rest of a message,
// others may take its memory.
func (s *socket) receive() ([]byte, error) {
	kind, reader, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		return nil, badMessage("The message is not text")
	}
	var message memory.Buffer
	message.Open(s.incoming)
	defer func() {
		text := message.Bytes
		message.Close(0)
		message.Bytes = text
	}()
	for {
		if len(message.Bytes) == cap(message.Bytes) && !message.Grow(max(512, min(2*cap(message.Bytes), int(s.handler.limits.Body)+1))) {
			return nil, errSocketMemory
		}
		s.incoming.BeginWait(func() { s.close(errSocketMemory) })
		n, err := reader.Read(message.Bytes[len(message.Bytes):cap(message.Bytes)])
		s.incoming.AddProgress(n)
		if !s.incoming.EndWait() {
			return nil, errSocketMemory
		}
		message.Bytes = message.Bytes[:len(message.Bytes)+n]
		if errors.Is(err, io.EOF) {
			return message.Bytes, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// initiate authenticates the client by its handshake and the payload of connection_init.
func (s *socket) initiate(payload map[string]string) error {
	if s.initiated {
		return errInitTwice
	}
	s.caller.Request.Header = withCredentials(s.request.Header, payload, s.handler.tokenHeaders)
	if err := s.handler.engine.Authenticate(s.ctx, s.caller); err != nil {
		known := s.handler.engine.Error(err)
		s.handler.engine.Metrics.CountError(known.Code, time.Now())
		return &closing{4403, shortReason(known.Message)}
	}
	s.initiated = true
	if expires := s.caller.Expires(); !expires.IsZero() {
		expired := time.AfterFunc(time.Until(expires), func() { s.close(errSocketExpired) })
		context.AfterFunc(s.ctx, func() { expired.Stop() })
	}
	return s.send(outgoing{Type: "connection_ack"})
}

// withCredentials returns a header with the tokens of a payload, whose keys are names of
// headers in any case. Only headers whose value proves the client's identity count: others,
// such as those of trusted proxies, stay as the request has them.
func withCredentials(header http.Header, payload map[string]string, names []string) http.Header {
	header = header.Clone()
	for key, value := range payload {
		for _, name := range names {
			if strings.EqualFold(key, name) {
				header[name] = []string{value}
			}
		}
	}
	return header
}

// start starts an operation.
func (s *socket) start(id string, req *operation.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.operations[id]; taken {
		return &closing{4409, shortReason("Subscriber for " + id + " already exists")}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.operations[id] = cancel
	surplus := len(s.operations) > s.handler.engine.Config.Subscriptions.PerConnection
	s.running.Go(func() {
		defer cancel()
		(&socketOperation{socket: s, id: id}).run(ctx, req, surplus)
	})
	return nil
}

// stop ends an operation whose client does not want it any more.
func (s *socket) stop(id string) {
	if cancel := s.remove(id); cancel != nil {
		cancel()
	}
}

// remove frees the id of an operation. It returns nil if it was free.
func (s *socket) remove(id string) context.CancelFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	cancel := s.operations[id]
	delete(s.operations, id)
	return cancel
}

// shortReason cuts a reason to what a close frame holds.
func shortReason(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 120)], "")
}
