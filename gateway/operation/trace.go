package operation

import (
	"encoding/hex"
	"strings"
)

// A Trace is the place of a request in a distributed trace (W3C Trace Context).
type Trace struct {
	ID      [16]byte // zero: there is no trace
	Span    [8]byte  // the parent of the next span; zero: the next span begins the trace
	Sampled bool
	State   string // the header tracestate
}

// ParseTrace reads the headers traceparent and tracestate. It returns the zero Trace if there
// is no valid traceparent, and leaves out a tracestate that is too long.
func ParseTrace(traceparent, tracestate string) Trace {
	var t Trace
	var version, flags [1]byte
	rest, more := traceparent, true
	for _, field := range [...][]byte{version[:], t.ID[:], t.Span[:], flags[:]} {
		var digits string
		digits, rest, more = strings.Cut(rest, "-")
		if !decodeHex(field, digits) {
			return Trace{}
		}
	}
	if version[0] == 0xff || version[0] == 0 && more || !t.Exists() || t.Span == [8]byte{} {
		return Trace{}
	}
	t.Sampled = flags[0]&1 == 1
	if isTracestate(tracestate) {
		t.State = tracestate
	}
	return t
}

// decodeHex decodes lower-case digits that fill to.
func decodeHex(to []byte, digits string) bool {
	if len(digits) != hex.EncodedLen(len(to)) || strings.ToLower(digits) != digits {
		return false
	}
	_, err := hex.Decode(to, []byte(digits))
	return err == nil
}

// maxTracestate is the length that the recommendation has systems propagate.
const maxTracestate = 512

func isTracestate(s string) bool {
	return len(s) <= maxTracestate && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// Exists reports whether there is a trace.
func (t *Trace) Exists() bool { return t.ID != [16]byte{} }

// IDText returns the id in hexadecimal, or "".
func (t *Trace) IDText() string {
	if !t.Exists() {
		return ""
	}
	return hex.EncodeToString(t.ID[:])
}
