package telemetry

import (
	"context"
	"log"
	"log/slog"
	"strings"
)

// A libraryLog writes the lines of a library to the log. The text of a line becomes an
// attribute: messages are constants.
type libraryLog struct {
	log     *slog.Logger
	message string
}

// NewLibraryLog returns a logger for a library that takes one of package log.
func NewLibraryLog(to *slog.Logger, message string) *log.Logger {
	return log.New(libraryLog{to, message}, "", 0)
}

// libraryCodes tell lines of net/http apart by their beginning. Clients can cause all of
// them, so the log throttles each code.
var libraryCodes = []struct {
	prefix, code string
	level        slog.Level
}{
	{"http: panic serving", "PANIC", slog.LevelError},
	{"http2: panic serving", "PANIC", slog.LevelError},
	{"http: TLS handshake error", "TLS_HANDSHAKE", slog.LevelWarn},
	{"http2: ", "HTTP2", slog.LevelWarn},
	{"", "OTHER", slog.LevelWarn},
}

func (l libraryLog) Write(line []byte) (int, error) {
	text := strings.TrimSuffix(string(line), "\n")
	for _, kind := range libraryCodes {
		if strings.HasPrefix(text, kind.prefix) {
			l.log.Log(context.Background(), kind.level, l.message, "code", kind.code, "error", text)
			break
		}
	}
	return len(line), nil
}
