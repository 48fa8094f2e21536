package auth

import (
	"math/big"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestAppendClaims(t *testing.T) {
	large, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for want, who := range map[string]*Identity{
		`%{}`: nil,
		`%{"admin" => true, "large" => 123456789012345678901234567890, "name" => "ok", "none" => nil, ` +
			`"rate" => 0.5, "roles" => ["a", [], %{"b" => -7}]}`: {Claims: map[string]any{
			"name": "ok", "admin": true, "none": nil, "large": large, "rate": 0.5,
			"roles": []any{"a", []any{}, map[string]any{"b": int64(-7)}},
		}},
	} {
		got := AppendClaims([]byte("kept"), who)
		if text := (etf.Term{Bytes: got[len("kept"):]}).String(); text != want || string(got[:4]) != "kept" {
			t.Errorf("%s, want %s", text, want)
		}
	}
}
