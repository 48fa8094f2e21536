package gateway

import (
	"log/slog"
	"strings"
	"time"
)

// serverLog takes what net/http has to say. Of handshakes that fail one of many is
// told: whoever reaches the port can make them fail.
type serverLog struct{ gateway *Gateway }

func (l serverLog) Write(line []byte) (int, error) {
	text := strings.TrimSuffix(string(line), "\n")
	var attrs []any
	if strings.HasPrefix(text, "http: TLS handshake error") {
		more, yes := l.gateway.repeats.tell("", "TLS_HANDSHAKE", time.Now())
		if !yes {
			return len(line), nil
		}
		attrs = []any{slog.Int("more_before", more)}
	}
	l.gateway.log.Warn(text, attrs...)
	return len(line), nil
}
