package logging

import (
	"encoding"
	"fmt"
	"log/slog"
	"strings"
)

// Bounds on the values of one line, which peers may choose.
const (
	maxValueBytes   = 4 << 10 // bytes
	maxListElements = 32      // elements
)

// formatJSONAttr is the ReplaceAttr of JSON. Durations are numbers of milliseconds, and their
// names say so.
func formatJSONAttr(groups []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_ms", a.Value.Duration().Seconds()*1000)
	}
	return formatAttr(groups, a)
}

// formatAttr is the ReplaceAttr of text. It truncates long values, and writes durations and
// addresses as text.
func formatAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(truncate(a.Value.String()))
	case slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().String())
	case slog.KindAny:
		a.Value = formatAny(a.Value)
	}
	return a
}

func formatAny(v slog.Value) slog.Value {
	switch value := v.Any().(type) {
	case []string:
		return slog.AnyValue(truncateList(value))
	case error:
		return slog.StringValue(truncate(value.Error()))
	case fmt.Stringer:
		return slog.StringValue(truncate(value.String()))
	case encoding.TextMarshaler: // such as a secret, which hides itself
		return v
	default:
		return slog.StringValue(truncate(fmt.Sprintf("%+v", value)))
	}
}

// truncate cuts a text to maxValueBytes.
func truncate(text string) string {
	if len(text) <= maxValueBytes {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxValueBytes], ""), len(text))
}

func truncateList(list []string) []string {
	short := make([]string, 0, min(len(list), maxListElements+1))
	for i, element := range list {
		if i == maxListElements {
			return append(short, fmt.Sprintf("… (%d elements)", len(list)))
		}
		short = append(short, truncate(element))
	}
	return short
}
