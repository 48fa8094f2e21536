package telemetry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/logging"
)

// An AccessLog logs requests: failed and slow ones, and a share of all.
type AccessLog struct {
	config    atomic.Pointer[AccessConfig]
	log       *slog.Logger // clients can cause failed and slow requests, so it throttles their lines
	unbounded *slog.Logger
}

// NewAccessLog returns an AccessLog with the default configuration.
func NewAccessLog(log *slog.Logger) *AccessLog {
	a := &AccessLog{log: log, unbounded: logging.Unthrottled(log)}
	var config AccessConfig
	config.SetDefaults()
	a.Configure(config)
	return a
}

// Configure sets the configuration for requests that end from now on.
func (a *AccessLog) Configure(c AccessConfig) { a.config.Store(&c) }

// Log logs an operation if it has a line. At level debug all have one.
func (a *AccessLog) Log(ctx context.Context, r *operation.Report) {
	config := a.config.Load()
	to, level, message := a.log, slog.LevelInfo, "request"
	drawn := config.Access > 0 && rand.Float64() < config.Access // #nosec G404 -- no secret
	if drawn {
		to = a.unbounded
	}
	switch {
	case r.Failed():
		message = "request failed"
		if r.Code == operation.InternalCode {
			level = slog.LevelError
		} else if r.Cause != nil {
			level = slog.LevelWarn
		}
	case r.Took() >= config.Slow:
		message = "slow request"
	case !drawn:
		level = slog.LevelDebug
	}
	if to.Enabled(ctx, level) {
		to.LogAttrs(ctx, level, message, attributes(r, config.Fields)...)
	}
}
