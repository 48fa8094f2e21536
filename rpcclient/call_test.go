package rpcclient_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

func testCall(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	t.Run("value", func(t *testing.T) {
		result, err := pool.Call(t.Context(), "lists", "reverse", list(etf.AppendNil(etf.AppendInt(etf.AppendInt(etf.AppendList(nil, 2), 1), 1000))))
		if err != nil {
			t.Fatal(err)
		}
		defer result.Release()
		if got, want := result.Value.String(), "[1000, 1]"; got != want {
			t.Errorf("lists:reverse([1, 1000]) = %s, want %s", got, want)
		}
		if result.Node != node.Name {
			t.Errorf("answer of %q, want %q", result.Node, node.Name)
		}
	})

	t.Run("failures", func(t *testing.T) {
		for _, tt := range []struct {
			name, elixir string
			class        string
			reasons      []string // all are part of the reason
		}{
			{"throw", `throw({:ball, 7})`, "throw", []string{"{:ball, 7}"}},
			{"exit", `exit({:shutdown, "leaving"})`, "exit", []string{`{:shutdown, "leaving"}`}},
			{"error", `raise ArgumentError, "no such part"`, "error", []string{"ArgumentError", "no such part", " at ", "elixir.eval_forms/", ".erl:"}},
			{"undefined function", `apply(:no_such_module, :f, [1])`, "error", []string{":undef at no_such_module.f/1"}},
			{"bad argument", `:erlang.binary_to_atom(1, :utf8)`, "error", []string{":badarg at erlang.binary_to_atom/2"}},
			{"no such clause", `:lists.reverse(%{password: "hunter2"})`, "error", []string{"lists.reverse/1 (lists.erl:"}},
			{"killed", `Process.exit(self(), :kill)`, "signal", []string{":killed"}},
			{"exit signal that looks like an answer", `Process.exit(self(), {make_ref(), :return, :b})`, "signal", []string{":return, :b}"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				_, err := eval(t.Context(), pool, tt.elixir)
				var failure *rpcclient.CallError
				if !errors.As(err, &failure) {
					t.Fatalf("error %v, want a CallError", err)
				}
				if failure.Class != tt.class || failure.Node != node.Name {
					t.Errorf("class %q on %q, want %q on %q: %v", failure.Class, failure.Node, tt.class, node.Name, err)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("an argument is in the error: %v", err)
				}
				for _, reason := range tt.reasons {
					if !strings.Contains(failure.Reason, reason) || !strings.Contains(err.Error(), reason) {
						t.Errorf("error %v does not say %s", err, reason)
					}
				}
			})
		}
	})

	t.Run("a heap of its own size from the start", func(t *testing.T) {
		got, err := eval(t.Context(), pool, `self() |> Process.info(:garbage_collection) |> elem(1) |> Keyword.fetch!(:min_heap_size)`)
		if want := "10958"; err != nil || got != want {
			t.Errorf("min_heap_size %s, error %v, want %s words", got, err, want)
		}
	})

	t.Run("undefined module and function", func(t *testing.T) {
		_, err := pool.Call(t.Context(), "no_such_module", "no_such_function", etf.AppendNil(nil))
		var failure *rpcclient.CallError
		if !errors.As(err, &failure) || failure.Class != "error" || !strings.Contains(failure.Reason, "undef") || !strings.Contains(failure.Reason, "no_such_function") {
			t.Errorf("%v, want undef with the function's name", err)
		}
	})

	t.Run("arguments", func(t *testing.T) {
		huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
		pid := etf.Pid{Node: "other@127.0.0.1", ID: 5, Serial: 6, Creation: 7}
		for _, tt := range []struct {
			name string
			term []byte
			want string // an Elixir expression that is exactly (===) the term
		}{
			{"byte", etf.AppendInt(nil, 255), `255`},
			{"negative", etf.AppendInt(nil, -1), `-1`},
			{"32 bits", etf.AppendInt(nil, math.MinInt32), `-2_147_483_648`},
			{"64 bits", etf.AppendInt(nil, math.MinInt64), `-9_223_372_036_854_775_808`},
			{"big", etf.AppendBig(nil, huge), `-123_456_789_012_345_678_901_234_567_890`},
			{"float", etf.AppendFloat(nil, 0.1), `0.1`},
			{"whole float", etf.AppendFloat(nil, 2), `2.0`},
			{"binary", etf.AppendBinary(nil, "Grüße ☃"), `"Grüße ☃"`},
			{"binary, not UTF-8", etf.AppendBinary(nil, "\xff\x00"), `<<255, 0>>`},
			{"empty binary", etf.AppendBinary(nil, ""), `""`},
			{"atom", etf.AppendAtom(nil, "with space"), `:"with space"`},
			{"module", etf.AppendAtom(nil, rpcclient.ModuleAtom("TestApp.Schema")), `TestApp.Schema`},
			{"booleans", etf.AppendBool(etf.AppendBool(etf.AppendTuple(nil, 2), true), false), `{true, false}`},
			{"nil", etf.AppendAtom(nil, "nil"), `nil`},
			{"empty list", etf.AppendNil(nil), `[]`},
			{"list of bytes", etf.AppendNil(etf.AppendInt(etf.AppendList(nil, 1), 104)), `~c"h"`},
			{"tuple", etf.AppendInt(etf.AppendTuple(nil, 1), 1), `{1}`},
			{"map", etf.AppendInt(etf.AppendBinary(etf.AppendMap(nil, 1), "k"), 1), `%{"k" => 1}`},
			{"pid", etf.AppendPid(nil, pid), `:erlang.binary_to_term(<<131, 88, 119, 15, "other@127.0.0.1", 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7>>)`},
		} {
			// The node itself compares: the answer is {true, Bindings}.
			args := list(etf.AppendBinary(nil, "term === ("+tt.want+")"), list(append(etf.AppendAtom(etf.AppendTuple(nil, 2), "term"), tt.term...)))
			result, err := pool.Call(t.Context(), "Elixir.Code", "eval_string", args)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if got := result.Value.String(); !strings.HasPrefix(got, "{true, ") {
				t.Errorf("%s is not %s on the node: %s", tt.name, tt.want, got)
			}
			result.Release()
		}
	})
}

// list appends a list of encoded terms.
func list(terms ...[]byte) []byte {
	b := etf.AppendList(nil, len(terms))
	for _, term := range terms {
		b = append(b, term...)
	}
	return etf.AppendNil(b)
}
