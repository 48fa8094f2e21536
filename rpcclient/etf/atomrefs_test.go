package etf

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"
)

// refs collects the names of atoms as a distribution header does.
type refs []string

func (r *refs) position(name []byte) (byte, bool) {
	if string(name) == "unknown" || !utf8.Valid(name) {
		return 0, false
	}
	i := slices.Index(*r, string(name))
	if i < 0 {
		i = len(*r)
		*r = append(*r, string(name))
	}
	return byte(i), i < 256
}

// The terms are the same, and their atoms are references, also those of pids and references.
func TestAppendAtomRefs(t *testing.T) {
	pid := Pid{Node: "node@host", ID: 7, Serial: 3, Creation: 9}
	ref := Ref{Node: "node@host", Creation: 9, Len: 3, IDs: [5]uint32{1, 2, 3}}
	terms := AppendTuple(nil, 6)
	terms = AppendAtom(terms, "ok")
	terms = AppendPid(terms, pid)
	terms = AppendRef(terms, ref)
	terms = AppendMap(terms, 1)
	terms = AppendBinary(AppendAtom(terms, "schlüssel"), "w\x02ok") // looks like an atom
	terms = AppendNil(AppendAtom(AppendList(terms, 1), "unknown"))
	terms = AppendAtom(terms, "ok")
	terms = AppendAtom(terms, "node@host")

	var atoms refs
	got, err := AppendAtomRefs([]byte("before"), terms, atoms.position)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"ok", "node@host", "schlüssel"}; !slices.Equal(atoms, want) {
		t.Errorf("references are %q, want %q", []string(atoms), want)
	}
	got, ok := bytes.CutPrefix(got, []byte("before"))
	if !ok || bytes.Count(got, []byte("node@host")) > 0 || !bytes.Contains(got, []byte("w\x02ok")) {
		t.Errorf("%q", got)
	}
	want := Term{Bytes: terms[:len(terms)-2-len("node@host")]}
	if text := (Term{Bytes: got[:len(got)-2], Atoms: atoms}).String(); text != want.String() {
		t.Errorf("%s, want %s", text, want)
	}
}

// Whatever Skip accepts keeps its meaning.
func FuzzAppendAtomRefs(f *testing.F) {
	f.Add(AppendAtom(AppendPid(AppendTuple(nil, 2), Pid{Node: "n"}), "ok"))
	f.Add(AppendRef(AppendMap(nil, 1), Ref{Node: "n", Len: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for d := NewDecoder(Term{Bytes: b}); d.left() > 0; {
			if d.Skip() != nil {
				return
			}
		}
		var atoms refs
		got, err := AppendAtomRefs(nil, b, atoms.position)
		if err != nil {
			t.Fatal(err)
		}
		before, after := NewDecoder(Term{Bytes: b}), NewDecoder(Term{Bytes: got, Atoms: atoms})
		for before.left() > 0 {
			x, _ := before.Term()
			y, err := after.Term()
			if err != nil {
				t.Fatal(err)
			}
			want, wantErr := AppendTerm(nil, x)
			got, err := AppendTerm(nil, y)
			if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
				t.Fatalf("%s (%v) became %s (%v)", x, wantErr, y, err)
			}
		}
	})
}
