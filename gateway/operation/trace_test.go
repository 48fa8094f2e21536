package operation

import (
	"strings"
	"testing"
)

func TestParseTrace(t *testing.T) {
	const (
		id    = "0af7651916cd43dd8448eb211c80319c"
		span  = "b7ad6b7169203331"
		valid = "00-" + id + "-" + span + "-01"
	)
	for name, tt := range map[string]struct {
		parent, state string
		id            string
		sampled       bool
		wantState     string
	}{
		"sampled":              {valid, "", id, true, ""},
		"not sampled":          {"00-" + id + "-" + span + "-00", "", id, false, ""},
		"other flags":          {"00-" + id + "-" + span + "-02", "", id, false, ""},
		"state":                {valid, "a=1,b@c=2", id, true, "a=1,b@c=2"},
		"long state":           {valid, "a=" + strings.Repeat("1", 511), id, true, ""},
		"state of other bytes": {valid, "a=\xff", id, true, ""},
		"later version":        {"01-" + id + "-" + span + "-01-more", "", id, true, ""},
		"absent":               {},
		"state alone":          {state: "a=1"},
		"invalid version":      {parent: "ff-" + id + "-" + span + "-01"},
		"more in version 0":    {parent: valid + "-more"},
		"longer flags":         {parent: valid + "0"},
		"no flags":             {parent: "00-" + id + "-" + span},
		"upper case":           {parent: strings.ToUpper(valid)},
		"no digits":            {parent: "00-" + id + "-b7ad6b716920333g-01"},
		"zero id":              {parent: "00-" + strings.Repeat("0", 32) + "-" + span + "-01"},
		"zero span":            {parent: "00-" + id + "-" + strings.Repeat("0", 16) + "-01"},
		"a longer id":          {parent: "00-" + id + "00-" + span + "-01"},
		"dashes and no digits": {parent: "---"},
		"space around it":      {parent: " " + valid},
	} {
		t.Run(name, func(t *testing.T) {
			got := ParseTrace(tt.parent, tt.state)
			if got.IDText() != tt.id || got.Sampled != tt.sampled || got.State != tt.wantState || got.Exists() != (tt.id != "") {
				t.Errorf("%+v", got)
			}
		})
	}
	if n := testing.AllocsPerRun(100, func() { ParseTrace(valid, "a=1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
