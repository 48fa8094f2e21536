package etf

import (
	"math"
	"math/big"
	"slices"
)

// Float consumes a float, which is finite: the BEAM has no others.
func (d *Decoder) Float() (float64, error) {
	at := *d
	v, err := d.float()
	if err == nil && (math.IsInf(v, 0) || math.IsNaN(v)) {
		*d = at
		return 0, d.errorf("a float that is not finite")
	}
	return v, err
}

// Big consumes an integer of any size.
func (d *Decoder) Big() (*big.Int, error) {
	switch tag, err := d.Tag(); {
	case err != nil:
		return nil, err
	case tag == TagSmallInteger || tag == TagInteger:
		v, err := d.Int()
		return big.NewInt(v), err
	}
	digits, negative, err := d.magnitude()
	if err != nil {
		return nil, err
	}
	digits = slices.Clone(digits)
	slices.Reverse(digits)
	v := new(big.Int).SetBytes(digits)
	if negative {
		v.Neg(v)
	}
	return v, nil
}
