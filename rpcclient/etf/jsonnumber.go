package etf

import (
	"bytes"
	"math/big"
	"strconv"
)

// maxJSONDigits is the maximum length of an integer in a JSON text, whose conversion
// takes more than linear time.
const maxJSONDigits = 10_000

func (p *jsonParser) number(dst []byte) ([]byte, error) {
	start := p.off
	if p.peek() == '-' {
		p.off++
	}
	first := p.off
	if p.peek() == '0' {
		p.off++
	} else if err := p.digits(); err != nil {
		return dst, err
	}
	digits := p.off - first

	integer := true
	if p.peek() == '.' {
		integer = false
		p.off++
		if err := p.digits(); err != nil {
			return dst, err
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		integer = false
		p.off++
		if c := p.peek(); c == '+' || c == '-' {
			p.off++
		}
		if err := p.digits(); err != nil {
			return dst, err
		}
	}

	text := p.json[start:p.off]
	if integer {
		if digits > maxJSONDigits {
			p.off = start
			return dst, p.errorf("integer of %d digits, more than %d", digits, maxJSONDigits)
		}
		return appendDecimalInt(dst, text), nil
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		p.off = start
		return dst, p.errorf("number too large for a float")
	}
	return AppendFloat(dst, v), nil
}

func (p *jsonParser) digits() error {
	start := p.off
	for '0' <= p.peek() && p.peek() <= '9' {
		p.off++
	}
	if p.off == start {
		return p.unexpected("a digit")
	}
	return nil
}

// appendDecimalInt appends an integer given as valid decimal text.
func appendDecimalInt(dst, text []byte) []byte {
	digits, negative := bytes.CutPrefix(text, []byte("-"))
	if len(digits) > 18 { // more may not fit 64 bits
		v, _ := new(big.Int).SetString(string(text), 10)
		return AppendBig(dst, v)
	}
	var v int64
	for _, c := range digits {
		v = v*10 + int64(c-'0')
	}
	if negative {
		v = -v
	}
	return AppendInt(dst, v)
}
