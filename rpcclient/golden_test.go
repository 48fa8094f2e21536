package rpcclient_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// goldenCase is a recorded run of Absinthe.
type goldenCase struct {
	Name       string          `json:"name"`
	Query      string          `json:"query"`
	Variables  json.RawMessage `json:"variables"`
	Operation  string          `json:"operation_name"`
	ContextETF []byte          `json:"context_etf"` // with version byte
	JSON       string          `json:"json"`
}

func goldenCases(t testing.TB) (cases []goldenCase) {
	t.Helper()
	file, err := os.Open("../testdata/golden/absinthe-1.11.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c goldenCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if len(c.ContextETF) == 0 || c.ContextETF[0] != etf.Version {
			t.Fatalf("%s: context_etf has no version byte", c.Name)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	return cases
}

// The node only answers exactly the recorded document, variables, operation name and
// context, so this tests both directions of the wire.
func testGolden(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	app := absinthe(gw.pool(t, rpcclient.PoolConfig{}, target))
	t.Logf("OTP %s, real Absinthe: %v", node.OTP(), node.RealAbsinthe())

	for _, c := range goldenCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			result, err := app.Run(t.Context(), rpcclient.Operation{
				Document:  c.Query,
				Variables: c.Variables,
				Name:      c.Operation,
				Context:   c.ContextETF[1:],
			})
			if err != nil {
				t.Fatal(err)
			}
			defer result.Release()
			got, err := result.Value.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !equalJSON(t, got, []byte(c.JSON)) {
				t.Errorf("answer\n%s\nrecorded\n%s", got, c.JSON)
			}
		})
	}
}

// equalJSON compares by value: members in any order, numbers as numbers.
func equalJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	values := make([]any, 2)
	for i, text := range [][]byte{a, b} {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			t.Errorf("%v: %s", err, text)
			return false
		}
	}
	return equalValues(values[0], values[1])
}

func equalValues(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, ok := b[key]
			if !ok || !equalValues(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equalValues(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && equalNumbers(a.String(), b.String())
	}
	return a == b
}

// equalNumbers compares numbers of any size. A number with a point is not an integer,
// and zero has a sign.
func equalNumbers(a, b string) bool {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	integer := func(s string) bool { return !strings.ContainsAny(s, ".eE") }
	return x.Cmp(y) == 0 && integer(a) == integer(b) && strings.HasPrefix(a, "-") == strings.HasPrefix(b, "-")
}
