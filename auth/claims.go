package auth

import (
	"maps"
	"math"
	"math/big"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// AppendClaims appends the claims of an identity as a map. The map of a nil identity is
// empty. Objects become maps with binary keys in ascending order, null becomes nil.
func AppendClaims(b []byte, identity *Identity) []byte {
	if identity == nil {
		return etf.AppendMap(b, 0)
	}
	return appendClaim(b, identity.Claims)
}

// appendClaim appends a claim without conversion.
func appendClaim(b []byte, claim any) []byte {
	return appendValue(b, claim, etf.AppendBinary[string])
}

func appendValue(b []byte, value any, appendKey func([]byte, string) []byte) []byte {
	switch v := value.(type) {
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
			b = appendValue(b, element, appendKey)
		}
		return etf.AppendNil(b)
	case map[string]any:
		b = etf.AppendMap(b, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b = appendValue(appendKey(b, key), v[key], appendKey)
		}
		return b
	}
	return etf.AppendAtom(b, "nil") // null, the only remaining type
}

// claimValue converts a value of the YAML parser to the form of claims.
func claimValue(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case uint64:
		if v > math.MaxInt64 {
			return new(big.Int).SetUint64(v)
		}
		return int64(v)
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = claimValue(element)
		}
		return list
	case map[string]any:
		members := make(map[string]any, len(v))
		for key, member := range v {
			members[key] = claimValue(member)
		}
		return members
	}
	return v
}
