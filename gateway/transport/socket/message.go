package socket

import (
	"errors"
	"io"
	"slices"

	"github.com/gorilla/websocket"

	"github.com/louche-graphql/louche/internal/memory"

	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/gateway/transport/request"
)

// inflating is the memory of the decompression of one message, in bytes.
const inflating = 48 << 10

// receive receives one message and handles it.
func (s *socket) receive() error {
	if s.initiated {
		s.setReadDeadline(s.silence())
	}
	kind, reader, err := s.ws.NextReader()
	switch {
	case err != nil:
		return err
	case kind != websocket.TextMessage:
		return newClosing(websocket.CloseUnsupportedData, "The message is not text")
	case !s.account.Reserve(inflating):
		return errNoMemory
	}
	s.setReadDeadline(s.app.ReadTimeout)
	var message memory.Buffer
	message.Open(s.account)
	defer message.Close(0)
	err = s.fill(&message, reader)
	s.account.Release(inflating)
	if err != nil {
		return err
	}
	size := request.Parsing * len(message.Bytes)
	if !s.account.Reserve(size) {
		return errNoMemory
	}
	defer s.account.Release(size)
	return s.protocol.handle(s, message.Bytes)
}

// fill reads a message as it comes. While the gateway waits for the client, others may take
// the memory of the connection.
func (s *socket) fill(message *memory.Buffer, reader io.Reader) error {
	limit := int(s.app.MaxMessage)
	for {
		if len(message.Bytes) > limit {
			return errTooLong
		}
		if len(message.Bytes) == cap(message.Bytes) && !message.Grow(max(512, min(2*cap(message.Bytes), limit+1))) {
			return errNoMemory
		}
		s.account.BeginWait(func() { s.ws.SetReadDeadline(admission.Past) })
		n, err := reader.Read(message.Bytes[len(message.Bytes):cap(message.Bytes)])
		s.account.AddProgress(n)
		if !s.account.EndWait() {
			return errNoMemory
		}
		message.Bytes = message.Bytes[:len(message.Bytes)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// send writes a message whose JSON stands between two texts. account has its memory.
func (s *socket) send(account *memory.Account, head string, body []byte, tail string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.conn.account.Store(account)
	defer s.conn.account.Store(nil)
	if n := len(head) + len(body) + len(tail); s.deflates && n >= s.app.MinCompressed && account.Reserve(deflating(n)) {
		defer account.Release(deflating(n))
		return s.sendCompressed(slices.Concat([]byte(head), body, []byte(tail)))
	}
	s.ws.EnableWriteCompression(false)
	w, err := s.ws.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{[]byte(head), body, []byte(tail)} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

// deflating returns the memory of the compression of a message of n bytes: three copies, and
// the compressor.
func deflating(n int) int { return 3*n + 1<<20 }

// sendCompressed compresses a message before it waits for the client, so that the compressor
// is free again.
func (s *socket) sendCompressed(message []byte) error {
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, message)
	if err != nil {
		return err
	}
	s.ws.EnableWriteCompression(true)
	return s.ws.WritePreparedMessage(prepared)
}
