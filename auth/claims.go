package auth

import (
	"maps"
	"math/big"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// AppendClaims appends the claims of an identity as a map with binary keys, the same
// bytes for the same claims; an empty one for nil. No byte of them becomes an atom
// other than nil, true and false.
func AppendClaims(b []byte, who *Identity) []byte {
	if who == nil {
		return etf.AppendMap(b, 0)
	}
	return appendClaim(b, who.Claims)
}

// appendClaim appends a value of one of the kinds that [Identity.Claims] has.
func appendClaim(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return etf.AppendBool(b, v)
	case string:
		return etf.AppendBinary(b, v)
	case int64:
		return etf.AppendInt(b, v)
	case *big.Int:
		return etf.AppendBig(b, v)
	case float64:
		return etf.AppendFloat(b, v)
	case []any:
		b = etf.AppendList(b, len(v))
		for _, element := range v {
			b = appendClaim(b, element)
		}
		return etf.AppendNil(b)
	case map[string]any:
		b = etf.AppendMap(b, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b = appendClaim(etf.AppendBinary(b, key), v[key])
		}
		return b
	}
	return etf.AppendAtom(b, "nil")
}
