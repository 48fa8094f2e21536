package rpcclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// stackText formats a stack trace, [{Module, Function, ArityOrArgs, Location}], as
// functions with arity, file and line. It omits arguments, which may hold passwords.
func stackText(stack etf.Term) string {
	var text strings.Builder
	d := etf.NewDecoder(stack)
	frames, err := d.List()
	for i := 0; i < frames && err == nil; i++ {
		var frame etf.Term
		if frame, err = d.Term(); err != nil {
			break
		}
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(frameText(frame))
	}
	return text.String()
}

func frameText(frame etf.Term) string {
	d := etf.NewDecoder(frame)
	size, err1 := d.Tuple()
	module, err2 := d.Atom()
	function, err3 := d.Atom()
	arity, err4 := d.Term()
	if errors.Join(err1, err2, err3, err4) != nil || size != 4 {
		return "?"
	}
	return fmt.Sprintf("%s.%s/%d%s", strings.TrimPrefix(module, "Elixir."), function, arityOf(arity), locationText(d))
}

// arityOf reads an arity or counts arguments.
func arityOf(t etf.Term) int {
	d := etf.NewDecoder(t)
	if n, err := d.Int(); err == nil {
		return int(n)
	}
	if tag, _ := d.Tag(); tag == etf.TagString { // a list of bytes, after two bytes of length
		return len(t.Bytes) - 3
	}
	n, _ := d.List()
	return n
}

// locationText formats [{file, Charlist}, {line, Integer}, ...].
func locationText(d etf.Decoder) string {
	var file string
	var line int64
	entries, err := d.List()
	for i := 0; i < entries && err == nil; i++ {
		if _, err = d.Tuple(); err != nil {
			break
		}
		var key string
		if key, err = d.Atom(); err != nil {
			break
		}
		switch key {
		case "file":
			var name etf.Term
			name, err = d.Term()
			file = strings.Trim(strings.TrimPrefix(name.String(), "~c"), `"`)
		case "line":
			line, err = d.Int()
		default:
			err = d.Skip()
		}
	}
	if file == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", file, line)
}
