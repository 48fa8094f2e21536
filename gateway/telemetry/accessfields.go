package telemetry

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"github.com/louche-graphql/louche/gateway/operation"
)

// defaultFields are all that may be in a log.
var defaultFields = []string{
	"request_id", "trace_id", "path", "client_name", "client_version", "identity",
	"kind", "name", "hash", "node", "shared", "prepared", "events", "status", "code", "errors", "bytes", "took", "stages", "cause",
}

// fields are the values of a line by the names of their attributes. A field without a
// value is left out.
var fields = map[string]func(*operation.Report) slog.Value{
	"request_id":     func(r *operation.Report) slog.Value { return text(r.RequestID) },
	"trace_id":       func(r *operation.Report) slog.Value { return text(r.Trace.IDText()) },
	"path":           func(r *operation.Report) slog.Value { return text(r.Path) },
	"client_name":    func(r *operation.Report) slog.Value { return text(r.Client.Name) },
	"client_version": func(r *operation.Report) slog.Value { return text(r.Client.Version) },
	"identity":       func(r *operation.Report) slog.Value { return text(r.Identity) },
	"kind":           func(r *operation.Report) slog.Value { return text(r.Kind) },
	"name":           func(r *operation.Report) slog.Value { return text(r.Name) },
	"hash":           hash,
	"node":           func(r *operation.Report) slog.Value { return text(r.Node) },
	"shared":         func(r *operation.Report) slog.Value { return flag(r.Shared) },
	"prepared":       func(r *operation.Report) slog.Value { return flag(r.Prepared) },
	"events":         events,
	"status":         func(r *operation.Report) slog.Value { return slog.IntValue(r.Status) },
	"code":           func(r *operation.Report) slog.Value { return text(r.Code) },
	"errors":         func(r *operation.Report) slog.Value { return text(string(r.Outcome)) },
	"bytes":          func(r *operation.Report) slog.Value { return slog.IntValue(r.Bytes) },
	"took":           func(r *operation.Report) slog.Value { return slog.DurationValue(r.Took()) },
	"stages":         stages,
	"cause":          func(r *operation.Report) slog.Value { return slog.AnyValue(r.Cause) },
	"document":       document,
	"variables":      variables,
}

func attributes(r *operation.Report, names []string) []slog.Attr {
	attrs := make([]slog.Attr, 0, len(names))
	for _, name := range names {
		if value := fields[name](r); !value.Equal(slog.Value{}) {
			attrs = append(attrs, slog.Attr{Key: name, Value: value})
		}
	}
	return attrs
}

func text(s string) (v slog.Value) {
	if s != "" {
		v = slog.StringValue(s)
	}
	return v
}

func events(r *operation.Report) (v slog.Value) {
	if r.Events > 0 {
		v = slog.IntValue(r.Events)
	}
	return v
}

func hash(r *operation.Report) (v slog.Value) {
	if r.Hash != [sha256.Size]byte{} {
		v = slog.StringValue(hex.EncodeToString(r.Hash[:]))
	}
	return v
}

func flag(set bool) (v slog.Value) {
	if set {
		v = slog.BoolValue(true)
	}
	return v
}

// stages is a group with the stages that took time.
func stages(r *operation.Report) slog.Value {
	var attrs []slog.Attr
	for i, took := range r.Stages {
		if took > 0 {
			attrs = append(attrs, slog.Duration(operation.Stage(i).String(), took))
		}
	}
	return slog.GroupValue(attrs...)
}

func document(r *operation.Report) (v slog.Value) {
	if r.Request != nil {
		v = text(r.Request.Query)
	}
	return v
}

func variables(r *operation.Report) (v slog.Value) {
	if r.Request != nil {
		v = text(string(r.Request.Variables))
	}
	return v
}
