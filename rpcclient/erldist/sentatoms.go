package erldist

import (
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxCachedMessage is the largest message whose atoms are sent as references, in bytes. In a
// larger one they are a small part.
const maxCachedMessage = 16 << 10

// maxRefs is the largest number of atom cache references in one distribution header.
const maxRefs = 255

// A sentAtoms is the sending side of the atom cache, for 2048 atoms of a connection. The
// peer knows a cached atom by its number, and looks its text up once. Atoms never leave the
// cache: those that find it full are sent as text.
type sentAtoms struct {
	entries map[string]*sentAtom
	refs    []*sentAtom // of the message
	message []byte
}

// A sentAtom is an atom of the cache.
type sentAtom struct {
	text     string
	index    int  // of segment and entry
	known    bool // to the peer
	position int  // in refs, if refs has it
}

// appendFrame appends a frame with a message: its control message and its payload.
func (s *sentAtoms) appendFrame(b, control, payload []byte) []byte {
	start := len(b)
	if len(control)+len(payload) > maxCachedMessage {
		return endFrame(append(append(beginFrame(b), control...), payload...), start)
	}
	s.refs = s.refs[:0]
	var err error
	if s.message, err = etf.AppendAtomRefs(s.message[:0], control, s.ref); err == nil {
		s.message, err = etf.AppendAtomRefs(s.message, payload, s.ref)
	}
	if err != nil { // the message is refused by the peer as it is
		return endFrame(append(append(beginFrame(b), control...), payload...), start)
	}
	b = s.appendHeader(append(b, 0, 0, 0, 0, 131, tagNormal))
	return endFrame(append(b, s.message...), start)
}

// ref returns the position of an atom among the references of the message.
func (s *sentAtoms) ref(name []byte) (byte, bool) {
	entry := s.entries[string(name)]
	switch {
	case entry == nil && len(s.entries) == len(atomCache{}.atoms), len(s.refs) == maxRefs:
		return 0, false
	case entry == nil:
		entry = &sentAtom{text: string(name), index: len(s.entries)}
		s.entries[entry.text] = entry
	}
	if entry.position >= len(s.refs) || s.refs[entry.position] != entry {
		entry.position = len(s.refs)
		s.refs = append(s.refs, entry)
	}
	return byte(entry.position), true
}

// appendHeader appends NumberOfAtomCacheRefs, Flags and AtomCacheRefs of the distribution
// header, and the text of each atom that the peer does not know yet.
func (s *sentAtoms) appendHeader(b []byte) []byte {
	n := len(s.refs)
	b = append(b, byte(n))
	if n == 0 {
		return b
	}
	flags := len(b)
	b = append(b, make([]byte, n/2+1)...)
	for i, entry := range s.refs {
		flag := byte(entry.index >> 8)
		b = append(b, byte(entry.index))
		if !entry.known {
			flag |= 8
			entry.known = true
			b = append(append(b, byte(len(entry.text))), entry.text...)
		}
		b[flags+i/2] |= flag << (i % 2 * 4)
	}
	return b
}
