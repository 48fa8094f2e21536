package demo_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A request has the arguments of Absinthe.run/3.
type request struct {
	document  string
	variables string // JSON; empty: none
	operation string
	context   []byte // encoded map; nil: none
}

// args returns the encoded list [Document, Schema, Options].
func (r request) args(t testing.TB) etf.Term {
	t.Helper()
	var options [][]byte
	if r.variables != "" {
		variables, err := etf.AppendJSONTerm(pair("variables"), []byte(r.variables))
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, variables)
	}
	if r.operation == "" {
		options = append(options, etf.AppendAtom(pair("operation_name"), "nil"))
	} else {
		options = append(options, etf.AppendBinary(pair("operation_name"), r.operation))
	}
	if r.context != nil {
		options = append(options, append(pair("context"), r.context...))
	}
	options = append(options, etf.AppendInt(pair("max_complexity"), 100))
	return list(
		etf.AppendBinary(nil, r.document),
		etf.AppendAtom(nil, "Elixir."+demo.Schema),
		list(options...).Bytes,
	)
}

// run applies Absinthe.run/3 and returns the map of its {ok, Map}.
func (r request) run(t testing.TB, b *demo.Backend) etf.Term {
	t.Helper()
	outcome, err := b.Apply(t.Context(), "Elixir.Absinthe", "run", r.args(t))
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Class != demo.Return {
		t.Fatalf("run/3 raised %v", etf.Term{Bytes: outcome.Value})
	}
	d := etf.NewDecoder(etf.Term{Bytes: outcome.Value})
	if arity, err := d.Tuple(); err != nil || arity != 2 {
		t.Fatalf("result %v is no pair", etf.Term{Bytes: outcome.Value})
	}
	if ok, err := d.Atom(); err != nil || ok != "ok" {
		t.Fatalf("result %v is not {ok, _}", etf.Term{Bytes: outcome.Value})
	}
	return d.Rest()
}

func pair(key string) []byte { return etf.AppendAtom(etf.AppendTuple(nil, 2), key) }

func list(elements ...[]byte) etf.Term {
	b := etf.AppendList(nil, len(elements))
	for _, e := range elements {
		b = append(b, e...)
	}
	return etf.Term{Bytes: etf.AppendNil(b)}
}

// asUser returns the context %{current_user_id: id}.
func asUser(id int64) []byte {
	return etf.AppendInt(etf.AppendAtom(etf.AppendMap(nil, 1), "current_user_id"), id)
}

func toJSON(t testing.TB, term etf.Term) string {
	t.Helper()
	text, err := term.AppendJSON(nil)
	if err != nil {
		t.Fatalf("%v has no JSON form: %v", term, err)
	}
	return string(text)
}

// wantJSON compares by value: maps have no order.
func wantJSON(t testing.TB, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("bad expectation: %v", err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRun(t *testing.T) {
	for name, tc := range map[string]struct {
		request
		want string
	}{
		"current user": {
			request{document: `{ session { user { id name email } } }`, context: asUser(42)},
			`{"data":{"session":{"user":{"id":"42","name":"Priya Nair","email":"priya.nair@gearbox.example"}}}}`,
		},
		"current user by string": {
			request{document: `{ session { user { id } } }`,
				context: etf.AppendBinary(etf.AppendAtom(etf.AppendMap(nil, 1), "current_user_id"), "42")},
			`{"data":{"session":{"user":{"id":"42"}}}}`,
		},
		"current user among other keys": {
			request{document: `{ session { user { id } } }`,
				context: etf.AppendInt(etf.AppendAtom(etf.AppendBinary(etf.AppendAtom(etf.AppendMap(nil, 2), "locale"), "7"), "current_user_id"), 42)},
			`{"data":{"session":{"user":{"id":"42"}}}}`,
		},
		"user named by a string key is none": {
			request{document: `{ session { user { id } } }`,
				context: etf.AppendInt(etf.AppendBinary(etf.AppendMap(nil, 1), "current_user_id"), 42)},
			`{"data":{"session":{"user":null}},"errors":[{"message":"unauthenticated","code":"unauthenticated","path":["session","user"],"locations":[{"line":1,"column":13}]}]}`,
		},
		"no current user": {
			request{document: `{ session { user { id } } }`},
			`{"data":{"session":{"user":null}},"errors":[{"message":"unauthenticated","code":"unauthenticated","path":["session","user"],"locations":[{"line":1,"column":13}]}]}`,
		},
		"arguments and nested objects": {
			request{document: `{ part(id: "p11") { sku category price weight stock supplier { name leadTimeDays parts { id } } } }`},
			`{"data":{"part":{"sku":"GER-W40","category":"GEAR","price":"84.50","weight":2.0,"stock":12,
				"supplier":{"name":"Officine Ravelli","leadTimeDays":12,"parts":[{"id":"p11"},{"id":"p12"},{"id":"p13"},{"id":"p14"},{"id":"p15"}]}}}}`,
		},
		"nothing found": {
			request{document: `{ part(id: "p0") { id } supplier(id: "") { id } user(id: 0) { id } order(id: "p1") { id } }`},
			`{"data":{"part":null,"supplier":null,"user":null,"order":null}}`,
		},
		"variables, input object and enum": {
			request{document: `query Q($f: PartFilter, $n: Int) { parts(filter: $f, limit: $n) { sku } }`,
				variables: `{"f":{"category":"BEARING","maxPrice":"9.35","inStock":true,"supplierId":null},"n":3}`},
			`{"data":{"parts":[{"sku":"BRG-6204"},{"sku":"BRG-6208"},{"sku":"BRG-LM20"}]}}`,
		},
		"list variable of integers and strings": {
			request{document: `query Q($ids: [ID!]) { parts(filter: {ids: $ids, maxPrice: 5}) { id } }`,
				variables: `{"ids":["p1","p31",7]}`},
			`{"data":{"parts":[{"id":"p1"},{"id":"p31"}]}}`,
		},
		"null and missing variables": {
			request{document: `query Q($f: PartFilter, $n: Int, $s: OrderStatus) { parts(filter: $f, limit: $n) { id } orders(status: $s) { id } }`,
				variables: `{"f":{"maxPrice":0.35},"n":null}`},
			`{"data":{"parts":[{"id":"p27"}],"orders":[{"id":"o1"},{"id":"o2"},{"id":"o3"},{"id":"o4"},{"id":"o5"},{"id":"o6"},{"id":"o7"},{"id":"o8"},{"id":"o9"},{"id":"o10"},{"id":"o11"},{"id":"o12"}]}}`,
		},
		"empty list": {
			request{document: `{ parts(limit: 0) { id } users(limit: -1) { id } }`},
			`{"data":{"parts":[],"users":[]}}`,
		},
		"order": {
			request{document: `{ order(id: "o3") { status placedAt note total placedBy { name manager { name } } approvedBy { id } lines { quantity total part { name } } } }`},
			`{"data":{"order":{"status":"SHIPPED","placedAt":"2026-02-03T10:05:00Z","note":"Planetary stage, prototype","total":"636.90",
				"placedBy":{"name":"Alma Herrera","manager":{"name":"Elif Yıldız"}},"approvedBy":{"id":"6"},
				"lines":[{"quantity":9,"total":"151.20","part":{"name":"Planet gear, 18 teeth"}},
					{"quantity":3,"total":"426.00","part":{"name":"Ring gear, 72 teeth"}},
					{"quantity":3,"total":"59.70","part":{"name":"Sun gear, 12 teeth"}}]}}}`,
		},
		"enum argument, aliases, fragments, directives": {
			request{document: `query Q($no: Boolean!) { admins: users(role: ADMIN) { ...U } first: users(limit: 1) @skip(if: $no) { id } } fragment U on User { __typename id }`,
				variables: `{"no":true}`},
			`{"data":{"admins":[{"__typename":"User","id":"1"},{"__typename":"User","id":"2"}]}}`,
		},
		"operation by name": {
			request{document: `query A { part(id: "p1") { id } } query B { part(id: "p2") { id } }`, operation: "B"},
			`{"data":{"part":{"id":"p2"}}}`,
		},
		"a field that fails for an administrator succeeds": {
			request{document: `{ supplier(id: "s2") { creditLimit } }`, context: asUser(1)},
			`{"data":{"supplier":{"creditLimit":"180000.00"}}}`,
		},
		"failing fields in lists, in order": {
			request{
				document: "query {\n  few: suppliers { id limit: creditLimit }\n  ...S\n}\nfragment S on RootQueryType { supplier(id: \"s1\") {\n    name } supplier(id: \"s1\") { ... on Supplier {\n      creditLimit } } }",
				context:  asUser(42),
			},
			`{"data":{"few":[{"id":"s1","limit":null},{"id":"s2","limit":null},{"id":"s3","limit":null},{"id":"s4","limit":null},{"id":"s5","limit":null},{"id":"s6","limit":null},{"id":"s7","limit":null},{"id":"s8","limit":null}],
				"supplier":{"name":"Nordlager","creditLimit":null}},
			"errors":[
				{"message":"forbidden","code":"forbidden","path":["few",0,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",1,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",2,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",3,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",4,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",5,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",6,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["few",7,"limit"],"locations":[{"line":2,"column":23}]},
				{"message":"forbidden","code":"forbidden","path":["supplier","creditLimit"],"locations":[{"line":7,"column":7}]}]}`,
		},
		"slow": {
			request{document: `{ slow(ms: 1) }`},
			`{"data":{"slow":1}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantJSON(t, toJSON(t, tc.run(t, demo.NewBackend())), tc.want)
		})
	}
}

// A document that does not run has errors and no data.
func TestDocumentsThatDoNotRun(t *testing.T) {
	for name, tc := range map[string]struct {
		request
		message string // a part of the message
	}{
		"unknown field":             {request{document: `{ nope }`}, `Cannot query field "nope" on type "RootQueryType"`},
		"unknown argument":          {request{document: `{ part(sku: "x") { id } }`}, `sku`},
		"syntax error":              {request{document: `{ session `}, `syntax error`},
		"empty document":            {request{document: ``}, ``},
		"invalid UTF-8":             {request{document: "{ part(id: \"\xff\") { id } \xff }"}, `syntax error`},
		"several operations":        {request{document: `query A { backend } query B { backend }`}, `operation`},
		"unknown operation":         {request{document: `query A { backend }`, operation: "Z"}, `"Z"`},
		"missing variable":          {request{document: `query P($id: ID!) { part(id: $id) { id } }`}, `null`},
		"variable of wrong type":    {request{document: `query P($n: Int) { parts(limit: $n) { id } }`, variables: `{"n":"two"}`}, `two`},
		"integer past 32 bits":      {request{document: `query P($n: Int) { parts(limit: $n) { id } }`, variables: `{"n":3000000000}`}, `32-bit`},
		"float for an integer":      {request{document: `query P($n: Int) { parts(limit: $n) { id } }`, variables: `{"n":1.5}`}, `1.5`},
		"variable of odd shape":     {request{document: `query P($f: PartFilter) { parts(filter: $f) { id } }`, variables: `{"f":[7]}`}, `PartFilter`},
		"unknown enum value":        {request{document: `query P($s: OrderStatus) { orders(status: $s) { id } }`, variables: `{"s":"LOST"}`}, `LOST`},
		"number for a string":       {request{document: `mutation M($n: String) { placeOrder(note: $n, lines: []) { id } }`, variables: `{"n":65}`, context: asUser(42)}, `String`},
		"decimal with three places": {request{document: `{ parts(filter: {maxPrice: "1.234"}) { id } }`}, `1.234`},
		"decimal with an exponent":  {request{document: `{ parts(filter: {maxPrice: "1e999999999"}) { id } }`}, `1e999999999`},
		"nested too deep":           {request{document: `{ session { user ` + strings.Repeat(`{ manager `, 20) + `{ id }` + strings.Repeat(` }`, 22)}, `depth`},
	} {
		t.Run(name, func(t *testing.T) {
			got := toJSON(t, tc.run(t, demo.NewBackend()))
			var result map[string][]struct{ Message string }
			if err := json.Unmarshal([]byte(got), &result); err != nil {
				t.Fatalf("%s: %v", got, err)
			}
			if len(result) != 1 || len(result["errors"]) == 0 {
				t.Fatalf("got %s, want errors alone", got)
			}
			if message := result["errors"][0].Message; !strings.Contains(message, tc.message) {
				t.Errorf("message %q does not contain %q", message, tc.message)
			}
		})
	}
}

// The context reaches resolvers as an unchanged term.
func TestContextKeepsItsTypes(t *testing.T) {
	c := etf.AppendMap(nil, 1)
	c = etf.AppendAtom(c, "scope")
	c = etf.AppendMap(c, 1)
	c = etf.AppendAtom(c, "tenant")
	c = append(c, list(etf.AppendBinary(nil, "acme"), etf.AppendInt(nil, 42), etf.AppendBool(nil, true)).Bytes...)
	for want, r := range map[string]request{
		`%{current_user_id: 42}`:                  {context: asUser(42)},
		`%{scope: %{tenant: ["acme", 42, true]}}`: {context: c},
		`%{}`: {},
	} {
		r.document = `{ session { context } }`
		text, _ := json.Marshal(want)
		wantJSON(t, toJSON(t, r.run(t, demo.NewBackend())), `{"data":{"session":{"context":`+string(text)+`}}}`)
	}
}

func TestBackendFieldNamesTheNode(t *testing.T) {
	b := demo.NewBackend()
	for _, node := range []string{"gearbox-01@127.0.0.1", "gearbox-02@127.0.0.1"} {
		outcome, err := b.Apply(demo.WithNode(t.Context(), node), "Elixir.Absinthe", "run", request{document: `{ backend }`}.args(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := (etf.Term{Bytes: outcome.Value}).String(); !strings.Contains(got, node) {
			t.Errorf("on %s: %s", node, got)
		}
	}
}

// As in Elixir, a whole Float is a float on the wire.
func TestWholeFloatStaysAFloat(t *testing.T) {
	got := toJSON(t, request{document: `{ part(id: "p11") { weight } }`}.run(t, demo.NewBackend()))
	if want := `{"data":{"part":{"weight":2.0}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The introspection query of common tools is deeply nested.
func TestIntrospection(t *testing.T) {
	typeRef := `kind name`
	for range 9 { // the depth of the query of graphql-js
		typeRef = `kind name ofType { ` + typeRef + ` }`
	}
	got := toJSON(t, request{document: `{ __schema { queryType { name } mutationType { name } subscriptionType { name }
		types { kind name description fields(includeDeprecated: true) { name description args { name defaultValue type { ` + typeRef + ` } } type { ` + typeRef + ` } }
			inputFields { name } interfaces { name } enumValues { name } possibleTypes { name } } directives { name locations args { name } } } }`}.run(t, demo.NewBackend()))
	for _, want := range []string{`"queryType":{"name":"RootQueryType"}`, `"mutationType":{"name":"RootMutationType"}`, `"subscriptionType":{"name":"RootSubscriptionType"}`, `"name":"PartFilter"`, `For administrators.`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %.1000s", want, got)
		}
	}
}

// Any arguments yield a result that a gateway can forward.
func FuzzRun(f *testing.F) {
	f.Add(`{ session { user { id } context } }`, `{}`, "")
	f.Add(`query A($f: PartFilter) { parts(filter: $f, limit: 2) { id price weight } }`, `{"f":{"ids":["p1",2],"maxPrice":1.5}}`, "A")
	f.Add(`mutation { placeOrder(lines: [{partId: "p1", quantity: 1}], note: "é") { id total } }`, `{"a":[[1e3,null]]}`, "")
	f.Add(`{ ...F } fragment F on RootQueryType { suppliers { creditLimit } }`, `{"\ud83d\ude00":65}`, "")
	f.Add("{ part(id: \"\xff\") { id } }", `{}`, "\xff")
	f.Add("# \xff\n{ \"\"\"\xff\"\"\" b\xff }", `{}`, "")
	b := demo.NewBackend()
	f.Fuzz(func(t *testing.T, document, variables, operation string) {
		if strings.Contains(document, "slow") {
			return // the call waits
		}
		variablesTerm, err := etf.AppendJSONTerm(pair("variables"), []byte(variables))
		if err != nil {
			return // a gateway never sends this
		}
		outcome, err := b.Apply(context.Background(), "Elixir.Absinthe", "run", list(
			etf.AppendBinary(nil, document),
			etf.AppendAtom(nil, "Elixir."+demo.Schema),
			list(variablesTerm, etf.AppendBinary(pair("operation_name"), operation)).Bytes,
		))
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Class == demo.Error {
			return
		}
		d := etf.NewDecoder(etf.Term{Bytes: outcome.Value})
		if _, err := d.Tuple(); err != nil {
			t.Fatal(err)
		}
		if err := d.Skip(); err != nil {
			t.Fatal(err)
		}
		if text := toJSON(t, d.Rest()); !json.Valid([]byte(text)) {
			t.Fatal(text)
		}
	})
}
