package etf_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// terms has a term of every kind, as term_to_binary/1 of the OTP release writes it.
// Kinds that no release since 23 writes are made by hand.
var terms = []struct {
	tag etf.Tag
	hex string
	str string
}{
	{etf.TagSmallInteger, "61ff", "255"},
	{etf.TagInteger, "62ffffff00", "-256"},
	{etf.TagSmallBig, "6e08010000000000000080", "-9223372036854775808"},
	{etf.TagLargeBig, "6f0000010000" + strings.Repeat("00", 255) + "01", "..."},
	{etf.TagNewFloat, "463ff8000000000000", "1.5"},
	{etf.TagFloat, "63312e3530303030303030303030303030303030303030652b30300000000000", "1.5"}, // term_to_binary(1.5, [{minor_version, 0}])
	{etf.TagAtom, "640003fc6eef", ":ünï"},                                                     // OTP 25
	{etf.TagSmallAtom, "7303fc6eef", ":ünï"},
	{etf.TagSmallAtomUTF8, "7705c3bc6ec3af", ":ünï"}, // OTP 27
	{etf.TagAtomUTF8, "76012c" + strings.Repeat("e29883", 100), `:"` + strings.Repeat("☃", 100) + `"`},
	{etf.TagAtomCacheRef, "5201", ":second"},
	{etf.TagBinary, "6d000000036162c3", "<<97, 98, 195>>"},
	{etf.TagBitBinary, "4d000000010320", "<<1::size(3)>>"},
	{etf.TagBitBinary, "4d0000000207ff0a", "<<255, 5::size(7)>>"},
	{etf.TagString, "6b0003616263", `~c"abc"`},
	{etf.TagString, "6b0002ff00", "[255, 0]"},
	{etf.TagNil, "6a", "[]"},
	{etf.TagList, "6c0000000162000003e8770178", "[1000 | :x]"},
	{etf.TagList, "6c000000026a6d00000001616a", `[[], "a"]`},
	{etf.TagSmallTuple, "680277026f6b6800", "{:ok, {}}"},
	{etf.TagLargeTuple, "69000000016101", "{1}"},
	{etf.TagMap, "7400000001770161740000000161016800", "%{a: %{1 => {}}}"},
	{etf.TagNewPid, "58770d6e6f6e6f6465406e6f686f73740000005f0000000000000000", "#PID<nonode@nohost.95.0>"},
	{etf.TagPid, "6764000361406200000001000000020a", "#PID<a@b.1.2>"},
	{etf.TagNewerRef, "5a0003770d6e6f6e6f6465406e6f686f73740000000000030b2000840002641104a3", "#Reference<nonode@nohost.1678836899.8650754.199456>"},
	{etf.TagNewRef, "72000264000361406201000000070000000a", "#Reference<a@b.10.7>"},
	{etf.TagRef, "656400036140620000000701", "#Reference<a@b.7>"},
	{etf.TagV4Port, "78770d6e6f6e6f6465406e6f686f7374000000000000000500000000", "#Port<nonode@nohost.5>"}, // OTP 27
	{etf.TagNewPort, "5964000d6e6f6e6f6465406e6f686f73740000000600000000", "#Port<nonode@nohost.6>"},      // OTP 25
	{etf.TagPort, "666400036140620000000901", "#Port<a@b.9>"},
	{etf.TagExport, "71770d456c697869722e537472696e6777067570636173656101", "&String.upcase/1"},
	{etf.TagNewFun, "700000005301669d349734b26e31f663f3d2e1494e9300000000000000007711656c697869725f636f6d70696c65725f306100620334e9a458770d6e6f6e6f6465406e6f686f7374000000000000000000000000", "#Function<:elixir_compiler_0/1>"},
	{etf.TagFun, "75000000016764000361406200000001000000020a77016d610062000000056161", "..."},
}

var cached = []string{"first", "second"}

func unhex(tb testing.TB, s string) etf.Term {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return etf.Term{Bytes: b, Atoms: cached}
}

func TestSkip(t *testing.T) {
	for _, tt := range terms {
		term := unhex(t, tt.hex)
		term.Bytes = append(term.Bytes, "more"...)
		d := etf.NewDecoder(term)
		if tag, err := d.Tag(); tag != tt.tag || err != nil {
			t.Errorf("%s: Tag() = %v, %v, want %v", tt.str, tag, err, tt.tag)
		}
		got, err := d.Term()
		if err != nil || string(got.Bytes)+"more" != string(term.Bytes) || string(d.Rest().Bytes) != "more" || d.Offset() != len(got.Bytes) {
			t.Errorf("%s: Term() = %x, %v; rest %q", tt.str, got.Bytes, err, d.Rest().Bytes)
		}
	}
}

// Every term that is cut short is an error of whatever reads it, and is not consumed.
func TestCutShort(t *testing.T) {
	for _, tt := range terms {
		whole := unhex(t, tt.hex)
		for n := range whole.Bytes {
			term := etf.Term{Bytes: whole.Bytes[:n:n], Atoms: cached}
			d := etf.NewDecoder(term)
			if err := d.Skip(); !isError(err) || d.Offset() != 0 {
				t.Fatalf("%v cut to %d: Skip() = %v, offset %d", tt.tag, n, err, d.Offset())
			}
			if _, err := term.AppendJSON(nil); !isError(err) {
				t.Fatalf("%v cut to %d: AppendJSON() = %v", tt.tag, n, err)
			}
			_ = term.String()
		}
	}
}

func isError(err error) bool {
	var e *etf.Error
	return errors.As(err, &e)
}

// Asking for another kind of term is an error that names the next one, which can still
// be read.
func TestUnexpected(t *testing.T) {
	methods := map[string]func(*etf.Decoder) error{
		"Tuple":  func(d *etf.Decoder) error { _, err := d.Tuple(); return err },
		"List":   func(d *etf.Decoder) error { _, err := d.List(); return err },
		"Nil":    (*etf.Decoder).Nil,
		"Map":    func(d *etf.Decoder) error { _, err := d.Map(); return err },
		"Atom":   func(d *etf.Decoder) error { _, err := d.Atom(); return err },
		"Binary": func(d *etf.Decoder) error { _, err := d.Binary(); return err },
		"Int":    func(d *etf.Decoder) error { _, err := d.Int(); return err },
		"Big":    func(d *etf.Decoder) error { _, err := d.Big(); return err },
		"Float":  func(d *etf.Decoder) error { _, err := d.Float(); return err },
		"Pid":    func(d *etf.Decoder) error { _, err := d.Pid(); return err },
		"Ref":    func(d *etf.Decoder) error { _, err := d.Ref(); return err },
	}
	reads := map[etf.Tag]string{
		etf.TagSmallTuple: "Tuple", etf.TagLargeTuple: "Tuple", etf.TagList: "List", etf.TagMap: "Map",
		etf.TagAtom: "Atom", etf.TagSmallAtom: "Atom", etf.TagSmallAtomUTF8: "Atom", etf.TagAtomUTF8: "Atom", etf.TagAtomCacheRef: "Atom",
		etf.TagBinary: "Binary", etf.TagSmallInteger: "Int", etf.TagInteger: "Int", etf.TagSmallBig: "Int",
		etf.TagLargeBig: "Big", etf.TagNewFloat: "Float", etf.TagFloat: "Float",
		etf.TagPid: "Pid", etf.TagNewPid: "Pid", etf.TagNewRef: "Ref", etf.TagNewerRef: "Ref",
	}
	for _, tt := range terms {
		for name, method := range methods {
			d := etf.NewDecoder(unhex(t, tt.hex))
			err := method(&d)
			wanted := reads[tt.tag] == name || reads[tt.tag] == "Int" && name == "Big" || tt.tag == etf.TagNil && (name == "List" || name == "Nil")
			switch {
			case wanted && err != nil:
				t.Errorf("%s() of %s: %v", name, tt.str, err)
			case !wanted && !isError(err):
				t.Errorf("%s() of %s: no error", name, tt.str)
			case !wanted && (!strings.Contains(err.Error(), tt.tag.String()) || d.Offset() != 0):
				t.Errorf("%s() of %s: %v, offset %d", name, tt.str, err, d.Offset())
			}
		}
	}
}

func TestDecoderValues(t *testing.T) {
	b := etf.AppendTuple(nil, 300)
	b = etf.AppendPid(b, etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3})
	b = etf.AppendRef(b, etf.Ref{Node: "a@b", Creation: 4, Len: 2, IDs: [5]uint32{5, 6}})
	b = append(etf.AppendList(b, 2), 82, 1, 82, 0)
	b = etf.AppendNil(b)
	b = etf.AppendBinary(etf.AppendAtom(etf.AppendMap(b, 1), "k"), "v")
	b = append(b, make([]byte, 600)...) // the rest of the tuple, as far as its length is checked

	d := etf.NewDecoder(etf.Term{Bytes: b, Atoms: cached})
	equal(t, "Tuple", must(d.Tuple()), 300)
	equal(t, "Pid", must(d.Pid()), etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3})
	equal(t, "Ref", must(d.Ref()), etf.Ref{Node: "a@b", Creation: 4, Len: 2, IDs: [5]uint32{5, 6}})
	equal(t, "List", must(d.List()), 2)
	equal(t, "Atom", must(d.Atom()), "second")
	equal(t, "Atom", must(d.Atom()), "first")
	equal(t, "Nil", d.Nil(), nil)
	equal(t, "Map", must(d.Map()), 1)
	equal(t, "Atom", must(d.Atom()), "k")
	equal(t, "Binary", string(must(d.Binary())), "v")
	equal(t, "left", len(d.Rest().Bytes), 600)
}

func TestDecoderOldIdentifiers(t *testing.T) {
	d := etf.NewDecoder(unhex(t, "67 640003614062 00000001 00000002 0a"))
	equal(t, "PID_EXT", must(d.Pid()), etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 10})
	d = etf.NewDecoder(unhex(t, "72 0002 640003614062 01 00000007 0000000a"))
	equal(t, "NEW_REFERENCE_EXT", must(d.Ref()), etf.Ref{Node: "a@b", Creation: 1, Len: 2, IDs: [5]uint32{7, 10}})
}

func TestDecoderInt(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 255, 256, -256, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64, math.MinInt64, 1 << 40, -1 << 56} {
		d := etf.NewDecoder(etf.Term{Bytes: etf.AppendInt(nil, v)})
		equal(t, "Int", must(d.Int()), v)
	}
	for _, s := range []string{"6e08000000000000000080", "6e08010100000000000080", "6e0900000000000000000001"} {
		d := etf.NewDecoder(unhex(t, s))
		if v, err := d.Int(); !isError(err) || d.Offset() != 0 {
			t.Errorf("Int() of %s = %d, %v", s, v, err)
		}
	}
	d := etf.NewDecoder(unhex(t, "6e0900050000000000000000"))
	equal(t, "Int with zeros in front", must(d.Int()), 5)
}

func TestDecoderNumbers(t *testing.T) {
	for _, text := range []string{"0", "1", "255", "-1", "-2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-1208925819614629174706176", strings.Repeat("9", 700)} {
		v, _ := new(big.Int).SetString(text, 10)
		d := etf.NewDecoder(etf.Term{Bytes: etf.AppendBig(nil, v)})
		equal(t, "Big", must(d.Big()).String(), text)
		equal(t, "left", len(d.Rest().Bytes), 0)
	}
	for _, v := range []float64{0, 1.5, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		d := etf.NewDecoder(etf.Term{Bytes: etf.AppendFloat(nil, v)})
		equal(t, "Float", must(d.Float()), v)
	}
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		d := etf.NewDecoder(etf.Term{Bytes: etf.AppendFloat(nil, v)})
		if v, err := d.Float(); !isError(err) || d.Offset() != 0 {
			t.Errorf("%v, %v", v, err)
		}
	}
}

// Errors say what is wrong and where.
func TestDecoderErrors(t *testing.T) {
	tests := []struct{ name, hex, want string }{
		{"nothing", "", "etf: end of data where a term was expected at offset 0"},
		{"no tag", "2a", "etf: tag 42, which is not supported at offset 0"},
		{"compressed", "50000001", "etf: compressed term, which is not supported at offset 0"},
		{"local", "79930b61fa68026101586a", "etf: LOCAL_EXT, which is not supported at offset 0"},
		{"deeper", "6802610150", "etf: compressed term, which is not supported at offset 4"},
		{"atom not in the cache", "68015202", "etf: ATOM_CACHE_REF 2 of 2 atoms at offset 2"},
		{"too many elements", "6cffffffff6a", "etf: LIST_EXT of 4294967295 terms with 1 bytes left at offset 0"},
		{"too many pairs", "7480000000", "etf: MAP_EXT of 4294967296 terms with 0 bytes left at offset 0"},
		{"too many after all", "6802680361016101", "etf: 3 terms announced with 2 bytes left at offset 6"},
		{"list of none", "6c000000006a", "etf: LIST_EXT without elements at offset 0"},
		{"reference of none", "5a0000770161", "etf: NEWER_REFERENCE_EXT of 0 words, 1 to 5 expected at offset 0"},
		{"reference of six", "5a0006770161", "etf: NEWER_REFERENCE_EXT of 6 words, 1 to 5 expected at offset 0"},
		{"function without size", "7000000003", "etf: NEW_FUN_EXT of 3 bytes at offset 0"},
		{"long binary", "6dffffffff61", "etf: BINARY_EXT cut short, 4294967300 bytes needed and 6 left at offset 0"},
		{"pid without atom", "5861016101", "etf: SMALL_INTEGER_EXT where an atom was expected at offset 1"},
	}
	for _, tt := range tests {
		d := etf.NewDecoder(unhex(t, tt.hex))
		got := ""
		if err := d.Skip(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAtomInvalidUTF8(t *testing.T) {
	d := etf.NewDecoder(unhex(t, "7702c328"))
	if name, err := d.Atom(); !isError(err) || d.Offset() != 0 {
		t.Errorf("Atom() = %q, %v", name, err)
	}
}

// Nesting costs Skip no stack.
func TestSkipDeep(t *testing.T) {
	const depth = 1_000_000
	b := make([]byte, 0, 2*depth)
	for range depth {
		b = etf.AppendTuple(b, 1)
	}
	b = etf.AppendNil(b)
	d := etf.NewDecoder(etf.Term{Bytes: b})
	if err := d.Skip(); err != nil || d.Offset() != len(b) {
		t.Error(err, d.Offset())
	}
}

// Reading the terms of every message does not allocate.
func TestDecoderAllocs(t *testing.T) {
	b := etf.AppendTuple(nil, 4)
	b = append(b, 82, 0)
	b = etf.AppendInt(b, 1<<40)
	b = etf.AppendAtom(b, "return")
	b = append(b, 88, 82, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3)
	term := etf.Term{Bytes: b, Atoms: cached}
	n := testing.AllocsPerRun(100, func() {
		d := etf.NewDecoder(term)
		_, _ = d.Tuple()
		_, _ = d.Atom()
		_, _ = d.Int()
		_, _ = d.Atom()
		if _, err := d.Pid(); err != nil {
			t.Fatal(err)
		}
		d = etf.NewDecoder(term)
		if err := d.Skip(); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("%T: %v", v, err))
	}
	return v
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}
