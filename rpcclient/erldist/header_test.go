package erldist

import (
	"errors"
	"slices"
	"testing"
)

// The example of "Distribution Header for fragmented messages" in the documentation of
// the external term format, after its cached atoms were sent.
func TestHeaderOfTheDocumentation(t *testing.T) {
	var c atomCache
	// The example refers to entry 10 of segment 0 and entry 5 of segment 4.
	if _, err := c.parse([]byte{131, tagNormal, 2, 0x8 | 0xc<<4, 0, 10, 1, 'a', 5, 1, 'b'}); err != nil {
		t.Fatal(err)
	}
	frame := []byte{131, 69, 0, 0, 2, 168, 0, 0, 5, 83, 0, 0, 0, 0, 0, 0, 0, 2,
		5, 0x40, 0x98, 0x09,
		10, 5,
		236, 3, 'r', 'e', 'g',
		9, 4, 'c', 'a', 'l', 'l',
		238, 13, 's', 'e', 't', '_', 'g', 'e', 't', '_', 's', 't', 'a', 't', 'e',
		104, 4}
	h, err := c.parse(frame)
	if err != nil {
		t.Fatal(err)
	}
	if h.tag != tagFragment || h.sequence != 0x2a800000553 || h.fragment != 2 || h.size != len(frame)-2 {
		t.Errorf("header is %+v", h)
	}
	if want := []string{"a", "b", "reg", "call", "set_get_state"}; !slices.Equal(c.refs, want) {
		t.Errorf("atoms are %q, want %q", c.refs, want)
	}
}

func TestHeaderWithLongAtoms(t *testing.T) {
	var c atomCache
	if _, err := c.parse([]byte{131, tagNormal, 1, 0x8 | 1<<4, 0, 0, 2, 'h', 'i'}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.refs, []string{"hi"}) {
		t.Errorf("%q", c.refs)
	}
}

// A new atom replaces the one in its entry of the cache.
func TestAtomCacheIsOverwritten(t *testing.T) {
	var c atomCache
	for _, atom := range []byte("xy") {
		if _, err := c.parse([]byte{131, tagNormal, 1, 0x8, 7, 1, atom}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.parse([]byte{131, tagNormal, 1, 0, 7}); err != nil || c.refs[0] != "y" {
		t.Errorf("%q, %v", c.refs, err)
	}
}

func TestBadHeaders(t *testing.T) {
	for name, frame := range map[string][]byte{
		"empty":                    {},
		"one byte":                 {131},
		"other version":            {132, tagNormal, 0},
		"unknown tag":              {131, 71, 0},
		"pass-through":             {112, 131, 104},
		"no count":                 {131, tagNormal},
		"flags cut off":            {131, tagNormal, 255, 0},
		"reference cut off":        {131, tagNormal, 1, 0x8},
		"length cut off":           {131, tagNormal, 1, 0x8, 0},
		"long length cut off":      {131, tagNormal, 1, 0x18, 0, 1},
		"atom cut off":             {131, tagNormal, 1, 0x8, 0, 9, 'a'},
		"atom is not UTF-8":        {131, tagNormal, 1, 0x8, 0, 1, 0xff},
		"entry that was not sent":  {131, tagNormal, 1, 0, 9},
		"fragment header cut off":  {131, tagFragment, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
		"fragment 0":               {131, tagContinuation, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		"first fragment, no count": {131, tagFragment, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var c atomCache
			_, err := c.parse(frame)
			var bad *FrameError
			if !errors.As(err, &bad) {
				t.Fatalf("%v, want a FrameError", err)
			}
			if bad.Offset < 0 || bad.Offset > len(frame) {
				t.Errorf("%v: no such offset in %d bytes", err, len(frame))
			}
		})
	}
}
