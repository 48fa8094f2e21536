package top

import (
	"slices"
	"testing"
)

// A name keeps enough width to be told from others: wide columns make room, from the right.
func TestWideColumns(t *testing.T) {
	for _, tt := range []struct {
		width, rest int
		wide        []string
	}{
		{80, 18, nil},
		{110, 33, []string{"PROCESSES", "OTP"}},
		{120, 34, []string{"PROCESSES", "OTP", "SCHEMA"}},
		{160, 52, []string{"PROCESSES", "OTP", "SCHEMA", "ADDRESS"}},
	} {
		shown, rest := table{nodeColumns, tt.width}.layout()
		var wide []string
		for i, c := range nodeColumns {
			if c.wide && shown[i] {
				wide = append(wide, c.name)
			}
		}
		if rest != tt.rest || !slices.Equal(wide, tt.wide) {
			t.Errorf("in %d columns %q, and %d for the name; want %q and %d", tt.width, wide, rest, tt.wide, tt.rest)
		}
	}
}
