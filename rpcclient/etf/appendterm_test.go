package etf_test

import (
	"bytes"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestAppendTerm(t *testing.T) {
	for _, tt := range terms {
		term := unhex(t, tt.hex)
		got, err := etf.AppendTerm([]byte("kept"), term)
		if err != nil || !bytes.HasPrefix(got, []byte("kept")) {
			t.Errorf("%v: %x, %v", tt.tag, got, err)
			continue
		}
		alone := etf.Term{Bytes: got[len("kept"):]}
		if alone.String() != term.String() {
			t.Errorf("%v: %s became %s", tt.tag, term, alone)
		}
	}
}

func TestAppendTermSpellsAtomsOut(t *testing.T) {
	for name, tt := range map[string]struct{ from, to string }{
		"atom":                     {"5201", "7706 7365636f6e64"},
		"older spelling":           {"640003 fc6eef", "7705 c3bc6ec3af"},
		"members of a map":         {"7400000001 5200 5201", "7400000001 7705 6669727374 7706 7365636f6e64"},
		"node of a pid":            {"58 5200 0000005f 00000000 00000007", "58 7705 6669727374 0000005f 00000000 00000007"},
		"node of a reference":      {"5a0001 5201 00000000 00030b20", "5a0001 7706 7365636f6e64 00000000 00030b20"},
		"module of an exported":    {"71 5200 5201 6101", "71 7705 6669727374 7706 7365636f6e64 6101"},
		"tail of an improper list": {"6c00000001 6a 5200", "6c00000001 6a 7705 6669727374"},
		"what a local fun holds, which becomes larger by it": {
			"70 00000031 01 00000000000000000000000000000000 00000001 00000001 5200 6101 6102 67 5200 00000001 00000002 0a 5201",
			"70 00000041 01 00000000000000000000000000000000 00000001 00000001 7705 6669727374 6101 6102 67 7705 6669727374 00000001 00000002 0a 7706 7365636f6e64",
		},
	} {
		got, err := etf.AppendTerm(nil, unhex(t, tt.from))
		if want := unhex(t, tt.to).Bytes; err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v, want %x", name, got, err, want)
		}
	}
}

func TestAppendTermRefuses(t *testing.T) {
	for name, from := range map[string]string{
		"nothing":                       "",
		"a list of too many":            "6cffffffff 6a",
		"a reference to no atom":        "5202",
		"an atom that is no UTF-8":      "7701 ff",
		"a compressed term":             "50 00000001 00",
		"a fun without room for itself": "70 00000004",
		"a fun of another size":         "70 00000030 01 00000000000000000000000000000000 00000001 00000000 5200 6101 6102 67 5200 00000001 00000002 0a 6a",
	} {
		got, err := etf.AppendTerm([]byte("kept"), unhex(t, from))
		if !isError(err) || string(got) != "kept" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// The output is the same term without an atom cache, and appending it again changes
// nothing.
func FuzzAppendTerm(f *testing.F) {
	seedTerms(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		term := etf.Term{Bytes: b, Atoms: cached}
		got, err := etf.AppendTerm([]byte("> "), term)
		if err != nil {
			if !isError(err) || string(got) != "> " {
				t.Fatalf("%q, %v", got, err)
			}
			return
		}
		d := etf.NewDecoder(term)
		if term, err = d.Term(); err != nil {
			t.Fatalf("Term: %v", err)
		}
		alone := etf.Term{Bytes: got[2:]}
		if alone.String() != term.String() {
			t.Fatalf("%s became %s", term, alone)
		}
		want, err := term.AppendJSON(nil)
		text, again := alone.AppendJSON(nil)
		if !bytes.Equal(text, want) || (err == nil) != (again == nil) {
			t.Fatalf("%s, %v became %s, %v", want, err, text, again)
		}
		if twice, err := etf.AppendTerm(nil, alone); err != nil || !bytes.Equal(twice, alone.Bytes) {
			t.Fatalf("%x, %v, want %x", twice, err, alone.Bytes)
		}
	})
}
