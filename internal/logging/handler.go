// Package logging is the gateway's log. A line costs the goroutine that logs it no
// more than its formatting: lines wait in a bounded queue for a goroutine that writes
// them, and are dropped while their reader stalls or is gone. What peers choose is
// bounded here for every line alike: the length of values and the number of lines.
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Handler is a slog.Handler that never blocks. At level debug it throttles nothing:
// an operator has asked for every line.
type Handler struct {
	format   slog.Handler
	queue    *queue
	throttle *throttle
	key      string // of the attributes of With
}

// keys are the attributes whose values tell lines of one message apart for the
// throttle. Their values are bounded in number: they come from the configuration, from
// the code, or are names of nodes.
var keys = []string{"path", "code", "node", "source", "issuer"}

// NewHandler writes lines to out: in JSON, or as text.
func NewHandler(out io.Writer, level slog.Level, json bool) *Handler {
	h := &Handler{throttle: newThrottle()}
	h.queue = newQueue(out, h.noteDropped)
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if json {
		h.format = slog.NewJSONHandler(h.queue, options)
	} else {
		h.format = slog.NewTextHandler(h.queue, options)
	}
	return h
}

// noteDropped logs that lines are missing.
func (h *Handler) noteDropped(lines uint64) {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines were dropped: they were not read in time", 0)
	r.AddAttrs(slog.Uint64("lines", lines))
	h.format.Handle(context.Background(), r)
}

// Close waits until the lines logged so far are written, but no longer than patience.
func (h *Handler) Close(patience time.Duration) { h.queue.close(patience) }

// Enabled is that of slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.format.Enabled(ctx, level)
}

// Handle queues a record, unless the throttle suppresses it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if !h.Enabled(ctx, slog.LevelDebug) {
		suppressed, ok := h.throttle.admit(r.Message, h.key+keyOf(r), time.Now())
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

// WithAttrs is that of slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.format = h.format.WithAttrs(attrs)
	for _, a := range attrs {
		with.key += keyPart(a)
	}
	return &with
}

// WithGroup is that of slog.Handler.
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
	if !slices.Contains(keys, a.Key) {
		return ""
	}
	return a.Key + "=" + cut(a.Value.String()) + "\x00"
}

// Counts are lines that the log does not have.
type Counts struct {
	Dropped    uint64 // they were not read in time
	Suppressed uint64 // others say the same
}

// CountsOf are those of a logger whose handler is a [Handler]; of others they are zero.
func CountsOf(log *slog.Logger) (c Counts) {
	if h, ok := log.Handler().(*Handler); ok {
		c = Counts{h.queue.dropped.Load(), h.throttle.suppressed.Load()}
	}
	return c
}
