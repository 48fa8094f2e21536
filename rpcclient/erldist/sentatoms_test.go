package erldist

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// receive reads a frame as a peer does.
func receive(t *testing.T, cache *atomCache, frame []byte) etf.Term {
	t.Helper()
	h, err := cache.parse(frame[4:])
	if err != nil {
		t.Fatal(err)
	}
	return etf.Term{Bytes: frame[4+h.size:], Atoms: slices.Clone(cache.refs)}
}

func atomList(names ...string) []byte {
	b := etf.AppendList(nil, len(names))
	for _, name := range names {
		b = etf.AppendAtom(b, name)
	}
	return etf.AppendNil(b)
}

// A peer reads what was sent, and gets the text of an atom once.
func TestSentAtoms(t *testing.T) {
	sent := sentAtoms{entries: make(map[string]*sentAtom)}
	var cache atomCache
	for i, names := range [][]string{{"a", "b", "a"}, {"b", "c"}, {}, {"c", "a", "schlüssel"}, {"schlüssel"}} {
		frame := sent.appendFrame(nil, atomList(names...), atomList("payload"))
		received := receive(t, &cache, frame)
		want := etf.Term{Bytes: append(atomList(names...), atomList("payload")...)}
		if got := received.String(); got != want.String() {
			t.Errorf("message %d is %s, want %s", i, got, want)
		}
		if i > 0 && strings.Contains(string(frame), "payload") {
			t.Errorf("message %d has the text of a known atom: %q", i, frame)
		}
	}
}

// Messages with more atoms than a header or the cache takes arrive as well.
func TestSentAtomsBeyondTheCache(t *testing.T) {
	sent := sentAtoms{entries: make(map[string]*sentAtom)}
	var cache atomCache
	for message := range 12 {
		var names []string
		for i := range 300 {
			names = append(names, fmt.Sprintf("atom%d", 200*message+i))
		}
		received := receive(t, &cache, sent.appendFrame(nil, atomList(names...), nil))
		d := etf.NewDecoder(received)
		if n, err := d.List(); err != nil || n != len(names) {
			t.Fatalf("list of %d (%v)", n, err)
		}
		for _, want := range names {
			if got, err := d.Atom(); err != nil || got != want {
				t.Fatalf("atom %q (%v), want %q", got, err, want)
			}
		}
	}
	if n := len(sent.entries); n != len(cache.atoms) {
		t.Errorf("%d atoms are cached, want %d", n, len(cache.atoms))
	}
}

// A large message has no references: most of it is no atoms.
func TestSentAtomsOfLargeMessages(t *testing.T) {
	sent := sentAtoms{entries: make(map[string]*sentAtom)}
	payload := etf.AppendBinary(nil, strings.Repeat("x", maxCachedMessage))
	frame := sent.appendFrame(nil, atomList("a"), payload)
	want := etf.Term{Bytes: append(atomList("a"), payload...)}
	if got := receive(t, new(atomCache), frame); got.String() != want.String() || len(got.Atoms) != 0 {
		t.Errorf("%.100s with atoms %q", got, got.Atoms)
	}
}
