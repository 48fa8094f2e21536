// Package admin guards what operators reach over HTTP. It must never import a feature:
// features register their routes behind it.
package admin

import (
	"log/slog"
	"sync/atomic"
)

// Admin authorizes operators.
type Admin struct {
	log     *slog.Logger
	token   atomic.Pointer[tokenHash] // nil: none is configured
	guesses *guesses
}

// New returns an Admin without a token: it lets pass what is sent to an IP address or to
// localhost.
func New(log *slog.Logger) *Admin { return &Admin{log: log, guesses: newGuesses()} }
