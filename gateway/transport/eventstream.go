package transport

import (
	"bytes"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// eventStreamName is the media type of server-sent events.
const eventStreamName = "text/event-stream"

// eventStream is the "distinct connections mode" of the GraphQL over Server-Sent Events
// protocol. A client that should subscribe again gets no event complete, and a delay.
var eventStream = &streamFormat{
	contentType: eventStreamMedia.contentType,
	beginning:   comment,
	heartbeat:   comment,
	result:      nextEvent,
	complete:    completeEvent,
	leave:       func(after time.Duration) []byte { return fmt.Appendf(nil, "retry: %d\n\n", after.Milliseconds()) },
}

// comment is a comment that clients skip.
const comment = ":\n\n"

// completeEvent ends a subscription. Browsers skip events without data.
const completeEvent = "event: complete\ndata:\n\n"

// nextEvent returns a result as an event.
func nextEvent(result []byte) []byte {
	b := make([]byte, 0, len("event: next\ndata: \n\n")+len(result))
	b = append(b, "event: next\ndata: "...)
	start := len(b)
	b = append(b, result...)
	if bytes.ContainsAny(result, "\r\n") { // between the tokens of JSON that the application encoded
		for i := range b[start:] {
			if b[start+i] == '\r' || b[start+i] == '\n' {
				b[start+i] = ' '
			}
		}
	}
	return append(b, "\n\n"...)
}

// wrapWhole makes the only result of an operation a stream.
func wrapWhole(result *memory.Buffer) bool {
	text := nextEvent(result.Bytes)
	if !result.Grow(len(text) + len(completeEvent)) {
		return false
	}
	result.Bytes = append(append(result.Bytes[:0], text...), completeEvent...)
	return true
}
