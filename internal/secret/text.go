package secret

import (
	"fmt"
	"io"
)

// A Text is a secret that does not print itself, whatever holds it: not by any verb
// of fmt, not in the log, not as JSON. It is had by string(t).
type Text string

const hidden = "(secret)"

// Format hides the secret, also from %#v and %x.
func (Text) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText hides the secret from encoders.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }
