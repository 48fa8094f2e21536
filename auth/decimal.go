package auth

import (
	"strconv"
	"strings"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// decimalHead is the encoded struct Decimal of the library decimal, up to the value of coef.
// The keys exp and sign follow.
var decimalHead = func() []byte {
	b := etf.AppendMap(nil, 4)
	b = etf.AppendAtom(b, "__struct__")
	b = etf.AppendAtom(b, "Elixir.Decimal")
	return etf.AppendAtom(b, "coef")
}()

// appendDecimal appends the Decimal that Decimal.new/1 returns for a text: digits with an
// optional point and an optional exponent. It refuses infinities and NaN.
func appendDecimal(b []byte, text string) ([]byte, bool) {
	mantissa, exponent, exp := text, "", 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
		digits := strings.TrimLeft(exponent, "+-")
		var err error
		if exp, err = strconv.Atoi(exponent); err != nil || !isDigits(digits) || exp > maxDigits || exp < -maxDigits {
			return b, false
		}
	}
	sign := int64(1)
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = -1, mantissa[1:]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return b, false
	}
	b = append(b, decimalHead...)
	b, ok := appendInteger(b, whole+fraction)
	if !ok {
		return b, false
	}
	b = etf.AppendAtom(b, "exp")
	b = etf.AppendInt(b, int64(exp-len(fraction)))
	b = etf.AppendAtom(b, "sign")
	return etf.AppendInt(b, sign), true
}
