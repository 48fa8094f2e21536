package auth

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// appendConstant appends a value of the configuration, as the YAML parser returns it.
func appendConstant(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return etf.AppendAtom(b, "nil"), nil
	case bool:
		return etf.AppendBool(b, v), nil
	case string:
		return etf.AppendBinary(b, v), nil
	case int:
		return etf.AppendInt(b, int64(v)), nil
	case int64:
		return etf.AppendInt(b, v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, errors.New("an integer is too large")
		}
		return etf.AppendInt(b, int64(v)), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, errors.New("a float is infinite or not a number, which the BEAM does not have")
		}
		return etf.AppendFloat(b, v), nil
	case []any:
		b = etf.AppendList(b, len(v))
		var err error
		for _, element := range v {
			if b, err = appendConstant(b, element); err != nil {
				return nil, err
			}
		}
		return etf.AppendNil(b), nil
	case map[string]any:
		b = etf.AppendMap(b, len(v))
		var err error
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key == "" || len(key) > 255 {
				return nil, fmt.Errorf("a key has 1 to 255 bytes; one has %d", len(key))
			}
			b = etf.AppendAtom(b, key)
			if b, err = appendConstant(b, v[key]); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return nil, fmt.Errorf("a %T has no form on the BEAM", v)
}
