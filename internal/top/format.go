package top

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// printable returns a text of a node or a client without characters that control the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// number has one digit after the point where it is small.
func number(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n >= 10 || n == float64(int(n)):
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.1f", n)
}

func percent(share float64) string { return number(100*share) + " %" }

// duration is that of a call; negative: unknown.
func duration(seconds float64) string {
	switch {
	case seconds < 0:
		return "-"
	case seconds < 1:
		return number(1000*seconds) + " ms"
	}
	return number(seconds) + " s"
}

// span is a long time.
func span(seconds float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"d", 86400}, {"h", 3600}, {"min", 60}} {
		if seconds >= 2*unit.size {
			return fmt.Sprintf("%d %s", int(seconds/unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d s", int(seconds))
}

func bytes(n float64) string {
	if n >= 1e9 {
		return number(n/1e9) + " GB"
	}
	return number(n/1e6) + " MB"
}

// fit cuts or fills a text to a width, on the right, or on the left for a right-aligned one.
func fit(text string, width int, right bool) string {
	text = ansi.Truncate(text, width, "…")
	space := strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
	if right {
		return space + text
	}
	return text + space
}

// shortName cuts the name of a node to a width: first its host, then its begin.
func shortName(name string, width int) string {
	if ansi.StringWidth(name) <= width {
		return name
	}
	name, _, _ = strings.Cut(name, "@")
	if more := ansi.StringWidth(name) - width; more > 0 {
		name = ansi.TruncateLeft(name, more+1, "…")
	}
	return name
}
