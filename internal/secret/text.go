package secret

import (
	"fmt"
	"io"
)

// A Text is a secret that is never printed: fmt, slog and the encoders of JSON and YAML
// print a placeholder, also for a value that contains a Text. string(t) is the secret.
type Text string

const placeholder = "(secret)"

// Format prints the placeholder for every verb, %#v and %x included.
func (Text) Format(f fmt.State, _ rune) { io.WriteString(f, placeholder) }

// MarshalText encodes the placeholder.
func (Text) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
