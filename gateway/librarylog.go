package gateway

import (
	"context"
	"log"
	"log/slog"
	"strings"
)

// libraryLog is the log of a library that writes text. The text is no message: a
// message is a constant.
type libraryLog struct {
	log     *slog.Logger
	message string
}

func newLibraryLog(to *slog.Logger, message string) *log.Logger {
	return log.New(libraryLog{to, message}, "", 0)
}

// libraryCodes tell lines of net/http apart by their beginning. A client can cause all
// of them, and as many as it likes.
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
