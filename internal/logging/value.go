package logging

import (
	"encoding"
	"fmt"
	"log/slog"
	"strings"
)

// Bounds of what one line holds of a value that a peer chose.
const (
	longestValue = 4 << 10 // bytes
	longestList  = 32      // elements
)

// readable is the ReplaceAttr of both formats. It cuts what is long, and writes times
// and addresses as text in JSON, too.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(cut(a.Value.String()))
	case slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().String())
	case slog.KindAny:
		a.Value = readableAny(a.Value)
	}
	return a
}

func readableAny(v slog.Value) slog.Value {
	switch value := v.Any().(type) {
	case []string:
		return slog.AnyValue(cutList(value))
	case error:
		return slog.StringValue(cut(value.Error()))
	case fmt.Stringer:
		return slog.StringValue(cut(value.String()))
	case encoding.TextMarshaler: // a secret, which writes itself
		return v
	default:
		return slog.StringValue(cut(fmt.Sprintf("%+v", value)))
	}
}

// cut shortens a text that is longer than longestValue.
func cut(text string) string {
	if len(text) <= longestValue {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:longestValue], ""), len(text))
}

func cutList(list []string) []string {
	short := make([]string, 0, min(len(list), longestList+1))
	for i, element := range list {
		if i == longestList {
			return append(short, fmt.Sprintf("… (%d elements)", len(list)))
		}
		short = append(short, cut(element))
	}
	return short
}
