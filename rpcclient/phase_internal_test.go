package rpcclient

import (
	"slices"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestReadPhase(t *testing.T) {
	status := func(elements ...string) []byte {
		b := etf.AppendTuple(nil, len(elements))
		for _, e := range elements {
			b = etf.AppendAtom(b, e)
		}
		return b
	}
	for _, tt := range []struct {
		status []byte
		want   phase // 0: an error
	}{
		{status("starting", "applications_loaded"), starting},
		{status("started", "started"), started},
		{status("stopping", "started"), stopping},
		{status("stopping", "applications_loaded"), stopping},
		{status("started"), 0},
		{status("started", "started", "started"), 0},
		{etf.AppendAtom(nil, "started"), 0},
		{etf.AppendBinary(etf.AppendAtom(etf.AppendTuple(nil, 2), "started"), "started"), 0},
		{nil, 0},
	} {
		term := etf.Term{Bytes: tt.status}
		if got, err := readPhase(term); got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("%v: phase %d, %v, want %d", term, got, err, tt.want)
		}
	}
}

// A late poll never moves the phase back. Each phase is reported once.
func TestPhasesAdvance(t *testing.T) {
	var description []phase
	p := progress{changed: func(now phase) { description = append(description, now) }}
	for _, now := range []phase{starting, starting, started, starting, stopping, started, stopping} {
		p.advance(now)
	}
	if want := []phase{starting, started, stopping}; !slices.Equal(description, want) || p.load() != stopping {
		t.Errorf("told %v, now %v, want %v", description, p.load(), want)
	}
}
