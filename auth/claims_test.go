package auth

import (
	"errors"
	"math/big"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func bigInt(t testing.TB, digits string) *big.Int {
	t.Helper()
	v, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		t.Fatal(digits)
	}
	return v
}

func TestClaims(t *testing.T) {
	identity := &Identity{Claims: map[string]any{
		"sub":          "42",
		"id":           int64(42),
		"huge":         bigInt(t, "123456789012345678901234567890"),
		"ratio":        0.5,
		"two":          2.0,
		"price":        "1.50",
		"yes":          true,
		"nothing":      nil,
		"tuple":        []any{"user", int64(7)},
		"empty":        []any{},
		"ids":          []any{int64(1), "2"},
		"header":       "admin, user",
		"realm_access": map[string]any{"roles": []any{"admin", "user"}},
		"mixed":        map[string]any{"z": nil, "a": []any{true, map[string]any{}}},
	}}
	for section, want := range map[string]string{
		`{k: {claim: sub, type: integer}}`:                         `%{k: 42}`,
		`{k: {claim: sub}}`:                                        `%{k: "42"}`,
		`{k: {claim: id}}`:                                         `%{k: 42}`,
		`{k: {claim: id, type: integer}}`:                          `%{k: 42}`,
		`{k: {claim: id, type: string}}`:                           `%{k: "42"}`,
		`{k: {claim: id, type: float}}`:                            `%{k: 42.0}`,
		`{k: {claim: id, type: decimal}}`:                          `%{k: ` + decimal("42", 0, 1) + `}`,
		`{k: {claim: huge, type: integer}}`:                        `%{k: 123456789012345678901234567890}`,
		`{k: {claim: huge, type: string}}`:                         `%{k: "123456789012345678901234567890"}`,
		`{k: {claim: huge}}`:                                       `%{k: 123456789012345678901234567890}`,
		`{k: {claim: ratio}}`:                                      `%{k: 0.5}`,
		`{k: {claim: ratio, type: float}}`:                         `%{k: 0.5}`,
		`{k: {claim: ratio, type: decimal}}`:                       `%{k: ` + decimal("5", -1, 1) + `}`,
		`{k: {claim: price, type: decimal}}`:                       `%{k: ` + decimal("150", -2, 1) + `}`,
		`{k: {claim: yes}}`:                                        `%{k: true}`,
		`{k: {claim: yes, type: boolean}}`:                         `%{k: true}`,
		`{k: {claim: nothing}}`:                                    `%{}`,
		`{k: {claim: none, default: 5}}`:                           `%{k: 5}`,
		`{k: {claim: [tuple, 1], type: integer}}`:                  `%{k: 7}`,
		`{k: {claim: [tuple, 2]}}`:                                 `%{}`,
		`{k: {claim: [sub, 0]}}`:                                   `%{}`,
		`{k: {claim: [sub, a]}}`:                                   `%{}`,
		`{k: {claim: empty, type: [integer]}}`:                     `%{k: []}`,
		`{k: {claim: ids, type: [integer]}}`:                       `%{k: [1, 2]}`,
		`{k: {claim: header, type: [atom], atoms: [admin, user]}}`: `%{k: [:admin, :user]}`,
		`{k: {claim: [realm_access, roles], type: [atom], atoms: [admin, user, other]}}`: `%{k: [:admin, :user]}`,
		`{k: {claim: realm_access}}`: `%{k: %{"roles" => ["admin", "user"]}}`,
		`{k: {claim: mixed}}`:        `%{k: %{"a" => [true, %{}], "z" => nil}}`,
	} {
		b, _, err := compiled(t, section).Append(nil, &Request{}, identity)
		if err != nil {
			t.Errorf("%s: %v", section, err)
			continue
		}
		if got := (etf.Term{Bytes: b}).String(); got != want {
			t.Errorf("%s: %s, want %s", section, got, want)
		}
	}
	for _, section := range []string{
		`{k: {claim: price, type: integer}}`, `{k: {claim: two, type: integer}}`, `{k: {claim: ratio, type: string}}`,
		`{k: {claim: yes, type: string}}`, `{k: {claim: yes, type: integer}}`, `{k: {claim: id, type: boolean}}`,
		`{k: {claim: price, type: [integer]}}`, `{k: {claim: id, type: [integer]}}`, `{k: {claim: tuple, type: integer}}`, `{k: {claim: mixed, type: string}}`,
		`{k: {claim: tuple, type: [integer]}}`, `{k: {claim: sub, type: atom, atoms: [admin]}}`, `{k: {claim: yes, type: atom, atoms: ["true"]}}`,
		`{k: {claim: [realm_access, roles], type: [atom], atoms: [admin]}}`,
	} {
		if _, _, err := compiled(t, section).Append(nil, &Request{}, identity); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: %v, want ErrUnauthenticated", section, err)
		}
	}
}

func TestAppendClaims(t *testing.T) {
	identity := &Identity{Claims: map[string]any{"sub": "42", "n": map[string]any{"b": int64(1), "a": []any{nil, 0.5}}, "admin": true}}
	for want, identity := range map[string]*Identity{
		`%{"admin" => true, "n" => %{"a" => [nil, 0.5], "b" => 1}, "sub" => "42"}`: identity,
		`%{}`: nil,
	} {
		if got := (etf.Term{Bytes: AppendClaims(nil, identity)}).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
