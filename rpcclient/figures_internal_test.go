package rpcclient

import (
	"errors"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A node can send anything.
func TestReadFigures(t *testing.T) {
	tuple := func(otp string, uptime int64, numbers int) etf.Term {
		b := etf.AppendTuple(nil, 3+numbers)
		b = etf.AppendBinary(etf.AppendBinary(b, otp), "1.18.4")
		b = etf.AppendInt(b, uptime)
		for range numbers {
			b = etf.AppendInt(b, 7)
		}
		return etf.Term{Bytes: b}
	}
	if f, err := readFigures(tuple("27", 1500, 16)); err != nil || f.OTPRelease != "27" || f.Uptime.Seconds() != 1.5 || f.ETSTables != (TableFigures{7, 7}) {
		t.Errorf("%+v, %v", f, err)
	}
	for name, value := range map[string]etf.Term{
		"not a tuple":       {Bytes: etf.AppendNil(nil)},
		"nothing":           {},
		"too few":           tuple("27", 1500, 15),
		"a negative number": tuple("27", -1, 16),
		"a huge number":     tuple("27", 1<<60, 16),
		"a long version":    tuple(strings.Repeat("7", 33), 1500, 16),
		"a version of text": tuple("27\n", 1500, 16),
	} {
		if f, err := readFigures(value); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A node that never tells its figures, such as one that is no BEAM, has one line in the log.
func TestUnknownFiguresAreOneProblem(t *testing.T) {
	var l latestFigures
	undefined, timeout := errors.New("undef"), errors.New("timeout")
	for i, step := range []struct {
		err   error
		isNew bool
	}{{undefined, true}, {undefined, false}, {timeout, true}, {nil, false}, {timeout, true}} {
		if got := l.isNewProblem(step.err); got != step.isNew {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
