package etf_test

import (
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A term is appended piece by piece: headers first, then their contents.
func Example() {
	// {:ok, %{"name" => "Ada", tags: ["x", 7]}}
	b := etf.AppendTuple(nil, 2)
	b = etf.AppendAtom(b, "ok")
	b = etf.AppendMap(b, 2)
	b = etf.AppendBinary(b, "name")
	b = etf.AppendBinary(b, "Ada")
	b = etf.AppendAtom(b, "tags")
	b = etf.AppendList(b, 2)
	b = etf.AppendBinary(b, "x")
	b = etf.AppendInt(b, 7)
	b = etf.AppendNil(b)
	fmt.Println(etf.Term{Bytes: b})

	d := etf.NewDecoder(etf.Term{Bytes: b})
	if arity, err := d.Tuple(); err != nil || arity != 2 {
		fmt.Println("not a pair:", err)
		return
	}
	name, err := d.Atom()
	if err != nil {
		fmt.Println(err)
		return
	}
	value, err := d.Term()
	if err != nil {
		fmt.Println(err)
		return
	}
	json, err := value.AppendJSON(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s\n", name, json)
	// Output:
	// {:ok, %{"name" => "Ada", tags: ["x", 7]}}
	// ok: {"name":"Ada","tags":["x",7]}
}

func ExampleTerm_AppendJSON() {
	b := etf.AppendBinary(etf.AppendMap(nil, 1), "parts")
	b = etf.AppendList(b, 1)
	b = etf.AppendBinary(etf.AppendMap(b, 1), "owner")
	b = etf.AppendPid(b, etf.Pid{Node: "app@host", ID: 123})
	b = etf.AppendNil(b)

	_, err := etf.Term{Bytes: b}.AppendJSON(nil)
	fmt.Println(err)
	// Output: etf: no JSON form at parts[0].owner: a pid
}

func ExampleAppendJSONTerm() {
	b, err := etf.AppendJSONTerm(nil, []byte(`{"id": 42, "ratio": 0.5, "tags": [null, "ok"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(etf.Term{Bytes: b})

	_, err = etf.AppendJSONTerm(nil, []byte(`{"id": 42,}`))
	fmt.Println(err)
	// Output:
	// %{"id" => 42, "ratio" => 0.5, "tags" => [nil, "ok"]}
	// etf: invalid JSON at offset 10: '}' where the name of a member was expected
}

func ExampleDecoder() {
	d := etf.NewDecoder(etf.Term{Bytes: etf.AppendNil(etf.AppendInt(etf.AppendList(nil, 1), 7))})
	n, err := d.List()
	if err != nil {
		fmt.Println(err)
		return
	}
	for range n {
		i, err := d.Int()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(i)
	}
	fmt.Println(d.Binary())
	// Output:
	// 7
	// [] etf: NIL_EXT where a binary was expected at offset 7
}
