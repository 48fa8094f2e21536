// Package logging is the gateway's log. A goroutine that logs a line only formats it: another
// goroutine writes the lines of a bounded queue. While the reader of the log stalls or is
// gone, lines are dropped. The package bounds what peers can cause: the length of values and
// the number of lines.
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Handler is a slog.Handler that never blocks. At level debug it does not throttle.
type Handler struct {
	format      slog.Handler
	level       *slog.LevelVar
	queue       *queue
	throttle    *throttle
	unthrottled bool
	key         string // of the attributes from WithAttrs
}

// keyAttrs are the attributes by which the throttle distinguishes lines with one message.
// They have few values, from the configuration, the code or node names.
var keyAttrs = []string{"path", "code", "node", "source", "issuer"}

// NewHandler returns a handler that writes lines to out, as JSON or as text.
func NewHandler(out io.Writer, level slog.Level, json bool) *Handler {
	h := &Handler{level: new(slog.LevelVar), throttle: newThrottle()}
	h.level.Set(level)
	h.queue = newQueue(out, h.logDropped)
	if json {
		h.format = slog.NewJSONHandler(h.queue, &slog.HandlerOptions{Level: h.level, ReplaceAttr: formatJSONAttr})
	} else {
		h.format = slog.NewTextHandler(h.queue, &slog.HandlerOptions{Level: h.level, ReplaceAttr: formatAttr})
	}
	return h
}

func (h *Handler) logDropped(lines uint64) {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines were dropped, because the reader of the log was too slow", 0)
	r.AddAttrs(slog.Uint64("lines", lines))
	h.format.Handle(context.Background(), r)
}

// Close waits until all logged lines are written, up to timeout.
func (h *Handler) Close(timeout time.Duration) { h.queue.close(timeout) }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.format.Enabled(ctx, level)
}

// Handle queues a record, unless the throttle suppresses it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if !h.unthrottled && !h.Enabled(ctx, slog.LevelDebug) {
		suppressed, ok := h.throttle.allow(r.Message, h.key+keyOf(r), time.Now())
		if !ok {
			return nil
		}
		if suppressed > 0 {
			r = r.Clone()
			r.AddAttrs(slog.Int("suppressed_before", suppressed))
		}
	}
	return h.format.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.format = h.format.WithAttrs(attrs)
	for _, a := range attrs {
		with.key += keyPart(a)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	with := *h
	with.format = h.format.WithGroup(name)
	return &with
}

func keyOf(r slog.Record) string {
	var key strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		key.WriteString(keyPart(a))
		return true
	})
	return key.String()
}

func keyPart(a slog.Attr) string {
	if !slices.Contains(keyAttrs, a.Key) {
		return ""
	}
	return a.Key + "=" + truncate(a.Value.String()) + "\x00"
}

// Unthrottled returns a logger whose lines a [Handler] does not suppress. Use it for lines
// that an operator has asked for.
func Unthrottled(log *slog.Logger) *slog.Logger {
	if h, ok := log.Handler().(*Handler); ok {
		with := *h
		with.unthrottled = true
		log = slog.New(&with)
	}
	return log
}

// Level returns the level of a logger with a [Handler]; info for other loggers.
func Level(log *slog.Logger) (level slog.Level) {
	if h, ok := log.Handler().(*Handler); ok {
		level = h.level.Level()
	}
	return level
}

// SetLevel sets the level of a logger with a [Handler], and of the loggers that derive from
// it.
func SetLevel(log *slog.Logger, level slog.Level) {
	if h, ok := log.Handler().(*Handler); ok {
		h.level.Set(level)
	}
}

// Counts are numbers of missing lines.
type Counts struct {
	Dropped    uint64 // because the reader was too slow
	Suppressed uint64 // by the throttle
}

// CountsOf returns the counts of a logger with a [Handler]; zero for other loggers.
func CountsOf(log *slog.Logger) (c Counts) {
	if h, ok := log.Handler().(*Handler); ok {
		c = Counts{h.queue.dropped.Load(), h.throttle.suppressed.Load()}
	}
	return c
}
