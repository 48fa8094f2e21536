package transport

import "testing"

func TestCSRFPreventionUnlessSet(t *testing.T) {
	on, off := true, false
	for _, c := range []struct {
		set            *bool
		forms, ambient bool
		want           bool
	}{
		{nil, false, false, false},
		{nil, true, false, true},
		{nil, false, true, true},
		{&on, false, false, true},
		{&off, true, true, false},
	} {
		config := Config{CSRFPrevention: c.set, Forms: c.forms}
		if got := config.preventCSRF(c.ambient); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
