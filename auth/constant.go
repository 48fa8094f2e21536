package auth

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// appendConstant appends a value of the configuration, as the YAML parser returns it. Keys of
// maps become atoms.
func appendConstant(b []byte, v any) ([]byte, error) {
	if err := checkConstant(v); err != nil {
		return nil, err
	}
	return appendValue(b, claimValue(v), etf.AppendAtom), nil
}

// checkConstant returns why a value has no form on the BEAM.
func checkConstant(v any) error {
	switch v := v.(type) {
	case nil, bool, string, int, int64:
	case uint64:
		if v > math.MaxInt64 {
			return errors.New("an integer is too large")
		}
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return errors.New("a float is infinite or not a number, which the BEAM does not have")
		}
	case []any:
		for _, element := range v {
			if err := checkConstant(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key == "" || len(key) > 255 {
				return fmt.Errorf("a key has 1 to 255 bytes; one has %d", len(key))
			}
			if err := checkConstant(v[key]); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("a %T has no form on the BEAM", v)
	}
	return nil
}
