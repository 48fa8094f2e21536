package rpcclient_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A claim on the node has the configured type, or its own type without one: ===
// compares them there.
func TestClaimsArriveAsTyped(t *testing.T) {
	_, target := startApp(t, beamtest.Options{})
	pool := startGateway(t, nil).pool(t, rpcclient.PoolConfig{}, target)

	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	who := &auth.Identity{Claims: map[string]any{
		"sub": "42", "id": int64(7), "huge": huge, "ratio": 0.5, "price": "1.50", "yes": true, "role": "admin",
		"realm_access": map[string]any{"roles": []any{"admin", "user"}, "n": nil},
		"tuple":        []any{"user", int64(300)},
	}}
	var section auth.ContextConfig
	if err := yaml.Unmarshal([]byte(`
current_user_id: {claim: sub, type: integer, required: true}
sub: {claim: sub}
id: {claim: id}
id_text: {claim: id, type: string}
huge: {claim: huge, type: integer}
ratio: {claim: ratio, type: float}
ratio_decimal: {claim: ratio, type: decimal}
price: {claim: price, type: decimal}
yes: {claim: yes, type: boolean}
role: {claim: role, type: atom, atoms: [admin]}
roles: {claim: [realm_access, roles], type: [atom], atoms: [admin, user]}
realm: {claim: realm_access}
place: {claim: [tuple, 1], type: integer}
tuple: {claim: tuple}
none: {claim: none}
default: {claim: none, type: [integer], default: [1]}
`), &section); err != nil {
		t.Fatal(err)
	}
	requests, err := auth.NewContext(section, nil)
	if err != nil {
		t.Fatal(err)
	}
	typed, _, err := requests.Append(nil, &auth.Request{}, who)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		context []byte
		want    string
	}{
		"context": {typed, `%{
			current_user_id: 42, sub: "42", id: 7, id_text: "7", huge: -123456789012345678901234567890,
			ratio: 0.5, ratio_decimal: %{__struct__: Decimal, sign: 1, coef: 5, exp: -1},
			price: %{__struct__: Decimal, sign: 1, coef: 150, exp: -2}, yes: true, role: :admin,
			roles: [:admin, :user], realm: %{"roles" => ["admin", "user"], "n" => nil},
			place: 300, tuple: ["user", 300], default: [1]
		}`},
		"claims": {auth.AppendClaims(nil, who), `%{
			"sub" => "42", "id" => 7, "huge" => -123456789012345678901234567890, "ratio" => 0.5, "price" => "1.50",
			"yes" => true, "role" => "admin", "realm_access" => %{"roles" => ["admin", "user"], "n" => nil}, "tuple" => ["user", 300]
		}`},
		"nobody's claims": {auth.AppendClaims(nil, nil), `%{}`},
	} {
		variables, _ := json.Marshal(map[string]string{"term": c.want})
		result, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{
			Document:  `query($term: String!) { contextIs(term: $term) contextText }`,
			Variables: variables,
			Context:   c.context,
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := result.Value.AppendJSON(nil)
		result.Release()
		var got struct{ Data struct{ ContextIs bool } }
		if err != nil || json.Unmarshal(text, &got) != nil || !got.Data.ContextIs {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}
