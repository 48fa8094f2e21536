package etf_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Integers, floats and strings are encoded as a node encodes them.
func TestAppendAsErlang(t *testing.T) {
	n := 0
	for _, c := range jasonCases(t) {
		if c.JSON == nil {
			continue
		}
		want := c.ETF[1:]
		var got []byte
		switch tag := etf.Tag(want[0]); tag {
		case etf.TagSmallInteger, etf.TagInteger, etf.TagSmallBig, etf.TagLargeBig:
			v, ok := new(big.Int).SetString(*c.JSON, 10)
			if !ok {
				t.Fatalf("%s: %s", c.Term, *c.JSON)
			}
			got = etf.AppendBig(nil, v)
			if v.IsInt64() && !bytes.Equal(etf.AppendInt(nil, v.Int64()), want) {
				t.Errorf("AppendInt(%v) = %x, want %x", v, etf.AppendInt(nil, v.Int64()), want)
			}
		case etf.TagNewFloat:
			v, err := strconv.ParseFloat(*c.JSON, 64)
			if err != nil {
				t.Fatal(err)
			}
			got = etf.AppendFloat(nil, v)
		case etf.TagBinary:
			var s string
			if err := json.Unmarshal([]byte(*c.JSON), &s); err != nil {
				t.Fatal(err)
			}
			got = etf.AppendBinary(nil, s)
		default:
			continue
		}
		n++
		if !bytes.Equal(got, want) {
			t.Errorf("%s (OTP %s): %x, want %x", c.Term, c.OTP, got, want)
		}
	}
	if n < 100 {
		t.Errorf("only %d terms compared", n)
	}
}

// Recorded from term_to_binary/1 of OTP 27.
func TestAppend(t *testing.T) {
	tests := []struct {
		term string
		got  []byte
		want string
	}{
		{":ok", etf.AppendAtom(nil, "ok"), "77026f6b"},
		{":ünï", etf.AppendAtom(nil, "ünï"), "7705c3bc6ec3af"},
		{"100 snowmen", etf.AppendAtom(nil, strings.Repeat("☃", 100)), "76012c" + strings.Repeat("e29883", 100)},
		{"255 letters", etf.AppendAtom(nil, strings.Repeat("a", 255)), "77ff" + strings.Repeat("61", 255)},
		{"true", etf.AppendBool(nil, true), "770474727565"},
		{"false", etf.AppendBool(nil, false), "770566616c7365"},
		{"{}", etf.AppendTuple(nil, 0), "6800"},
		{"a tuple of 255", etf.AppendTuple(nil, 255), "68ff"},
		{"a tuple of 300", etf.AppendTuple(nil, 300), "690000012c"},
		{"[]", etf.AppendNil(etf.AppendList(nil, 0)), "6a"},
		{"[1000 | :x]", etf.AppendAtom(etf.AppendInt(etf.AppendList(nil, 1), 1000), "x"), "6c0000000162000003e8770178"},
		{"%{a: 1}", etf.AppendInt(etf.AppendAtom(etf.AppendMap(nil, 1), "a"), 1), "74000000017701616101"},
		{"a pid", etf.AppendPid(nil, etf.Pid{Node: "nonode@nohost", ID: 95}), "58770d6e6f6e6f6465406e6f686f73740000005f0000000000000000"},
		{"a reference", etf.AppendRef(nil, etf.Ref{Node: "nonode@nohost", Len: 3, IDs: [5]uint32{0x30b20, 0x840002, 0x641104a3}}),
			"5a0003770d6e6f6e6f6465406e6f686f73740000000000030b2000840002641104a3"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.term, got, tt.want)
		}
	}
}

func TestAppendKeepsPrefix(t *testing.T) {
	b := []byte("before")
	b = etf.AppendBig(b, new(big.Int).Lsh(big.NewInt(1), 100))
	b = etf.AppendBinary(b, []byte("after"))
	if !bytes.HasPrefix(b, []byte("before")) || !bytes.HasSuffix(b, []byte("after")) {
		t.Errorf("%q", b)
	}
}
