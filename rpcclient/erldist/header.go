package erldist

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// The tags of a distribution header, after the version byte 131.
const (
	tagNormal       = 68 // a whole message follows
	tagFragment     = 69 // the first fragment of a message
	tagContinuation = 70 // a later fragment
)

// A FrameError describes a bad frame of the peer. It ends the connection, whose
// further bytes cannot be trusted.
type FrameError struct {
	Offset int // bytes into the frame, after its length field
	Reason string
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("bad frame from the peer at byte %d: %s", e.Offset, e.Reason)
}

// header is a decoded distribution header.
type header struct {
	tag      byte
	sequence uint64 // of a fragmented message
	fragment uint64 // counts down to 1, the last fragment
	size     int    // bytes of the header in the frame
}

// atomCache is the receiving side of the atom cache: 8 segments of 256 atoms, set and
// used by the peer's distribution headers.
type atomCache struct {
	atoms [8 * 256]string
	known [8 * 256]bool
	refs  []string // of the latest header, reused
}

// parse reads the distribution header at the start of a frame. Until the next call,
// c.refs holds the atoms that the frame's terms refer to.
//
// See "Distribution Header" in the documentation of the external term format.
func (c *atomCache) parse(frame []byte) (header, error) {
	if len(frame) < 2 {
		return header{}, &FrameError{0, "shorter than a distribution header"}
	}
	if frame[0] != 131 {
		return header{}, &FrameError{0, fmt.Sprintf("version byte %d, expected 131", frame[0])}
	}
	h := header{tag: frame[1], size: 2}
	switch h.tag {
	case tagNormal:
	case tagFragment, tagContinuation:
		if len(frame) < 18 {
			return header{}, &FrameError{2, "shorter than a fragment header"}
		}
		h.sequence = binary.BigEndian.Uint64(frame[2:])
		h.fragment = binary.BigEndian.Uint64(frame[10:])
		h.size = 18
		if h.fragment == 0 {
			return header{}, &FrameError{10, "fragment id 0"}
		}
		if h.tag == tagContinuation {
			c.refs = c.refs[:0]
			return h, nil
		}
	default:
		return header{}, &FrameError{1, fmt.Sprintf("unknown distribution header %d", h.tag)}
	}
	size, err := c.parseRefs(frame, h.size)
	h.size = size
	return h, err
}

// parseRefs reads NumberOfAtomCacheRefs, Flags and AtomCacheRefs at frame[at:] and
// returns the offset after them.
func (c *atomCache) parseRefs(frame []byte, at int) (int, error) {
	c.refs = c.refs[:0]
	if at >= len(frame) {
		return 0, &FrameError{at, "no number of atom cache references"}
	}
	n := int(frame[at])
	at++
	if n == 0 {
		return at, nil
	}
	flags := frame[at:]
	if len(flags) < n/2+1 {
		return 0, &FrameError{at, "atom cache flags are cut off"}
	}
	at += n/2 + 1
	longAtoms := halfByte(flags, n)&1 != 0
	for i := range n {
		if at >= len(frame) {
			return 0, &FrameError{at, "atom cache reference is cut off"}
		}
		flag := halfByte(flags, i)
		index := int(flag&7)<<8 | int(frame[at])
		at++
		if flag&8 != 0 {
			text, end, err := atomText(frame, at, longAtoms)
			if err != nil {
				return 0, err
			}
			at = end
			c.atoms[index], c.known[index] = text, true
		}
		if !c.known[index] {
			return 0, &FrameError{at - 1, fmt.Sprintf("atom cache entry %d was never sent", index)}
		}
		c.refs = append(c.refs, c.atoms[index])
	}
	return at, nil
}

// halfByte returns flag field i. Even ones are the low half of their byte.
func halfByte(flags []byte, i int) byte {
	return flags[i/2] >> (i % 2 * 4) & 0xf
}

func atomText(frame []byte, at int, long bool) (string, int, error) {
	var n int
	switch {
	case long && len(frame)-at >= 2:
		n = int(binary.BigEndian.Uint16(frame[at:]))
		at += 2
	case !long && len(frame)-at >= 1:
		n = int(frame[at])
		at++
	default:
		return "", 0, &FrameError{at, "length of an atom is cut off"}
	}
	if n > len(frame)-at {
		return "", 0, &FrameError{at, fmt.Sprintf("an atom of %d bytes where %d are left", n, len(frame)-at)}
	}
	text := frame[at : at+n]
	if n > 4*255 || !utf8.Valid(text) {
		return "", 0, &FrameError{at, "an atom that is too long or not UTF-8"}
	}
	return string(text), at + n, nil
}
