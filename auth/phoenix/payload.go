package phoenix

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// payload is the content of a token.
type payload struct {
	data     etf.Term
	signedAt int64 // milliseconds since 1970
	maxAge   time.Duration
}

// defaultMaxAge applies to a token without max_age. A token with unlimitedAge or more
// never expires: a Duration ends at 292 years.
const (
	defaultMaxAge = 24 * time.Hour
	unlimitedAge  = 250 * 365 * 24 * time.Hour
)

// parsePayload reads {data, signed, max_age}. Plug.Crypto before 1.1.1 wrote {data, signed},
// and earlier releases of Phoenix wrote %{data: data, signed: signed}.
func parsePayload(b []byte) (p payload, err error) {
	if len(b) == 0 || b[0] != etf.Version {
		return p, errMalformed
	}
	d := etf.NewDecoder(etf.Term{Bytes: b[1:]})
	tag, err := d.Tag()
	switch {
	case err != nil:
		return p, errMalformed
	case tag == etf.TagCompressed || tag == etf.TagLocal:
		return p, errPackedTerm
	case tag == etf.TagMap:
		err = p.fromMap(&d)
	default:
		err = p.fromTuple(&d)
	}
	if err == nil && len(d.Rest().Bytes) > 0 {
		err = errMalformed
	}
	return p, err
}

func (p *payload) fromTuple(d *etf.Decoder) error {
	n, err1 := d.Tuple()
	data, err2 := d.Term()
	signedAt, err3 := d.Int()
	if errors.Join(err1, err2, err3) != nil || n != 2 && n != 3 {
		return errMalformed
	}
	p.data, p.signedAt, p.maxAge = data, signedAt, defaultMaxAge
	if n == 3 {
		return p.readMaxAge(d)
	}
	return nil
}

func (p *payload) fromMap(d *etf.Decoder) error {
	p.maxAge = defaultMaxAge
	n, err := d.Map()
	if err != nil || n != 2 {
		return errMalformed
	}
	found := make(map[string]bool, n)
	for range n {
		key, err := d.Atom()
		if err != nil {
			return errMalformed
		}
		found[key] = true
		switch key {
		case "data":
			p.data, err = d.Term()
		case "signed":
			p.signedAt, err = d.Int()
		}
		if err != nil {
			return errMalformed
		}
	}
	if !found["data"] || !found["signed"] {
		return errMalformed
	}
	return nil
}

// readMaxAge reads max_age: a number of seconds, or infinity.
func (p *payload) readMaxAge(d *etf.Decoder) error {
	age, err := decodeTerm(d, 0)
	if err != nil {
		return errMalformed
	}
	var seconds float64
	switch age := age.(type) {
	case int64:
		seconds = float64(age)
	case *big.Int:
		seconds, _ = age.Float64()
	case float64:
		seconds = age
	default:
		if age != "infinity" {
			return errMalformed
		}
		seconds = unlimitedAge.Seconds()
	}
	seconds = max(0, min(seconds, unlimitedAge.Seconds()))
	p.maxAge = time.Duration(seconds*1000) * time.Millisecond
	return nil
}

// claims returns the term of the token as claims. A term that is not a map becomes the
// claim sub.
func (p *payload) claims() (map[string]any, error) {
	d := etf.NewDecoder(p.data)
	data, err := decodeTerm(&d, 0)
	if _, ok := errors.AsType[*etf.Error](err); ok { // it describes a part of the term
		err = errMalformed
	}
	switch claims, ok := data.(map[string]any); {
	case ok:
		return claims, err
	case data == nil && err == nil:
		return nil, errNilTerm
	}
	return map[string]any{"sub": data}, err
}

// expires returns the time at which the token expires; zero: never. maxAge overrides the
// maximum age of the token, unless it is 0.
func (p *payload) expires(now time.Time, maxAge time.Duration) (time.Time, error) {
	signed := time.UnixMilli(p.signedAt)
	maxAge = cmp.Or(maxAge, p.maxAge)
	expires := signed.Add(maxAge)
	switch {
	case signed.After(now.Add(MaxClockSkew)):
		return expires, fmt.Errorf("the token was signed in the future, at %s; compare the clocks of the application and the gateway", signed.UTC().Format(time.RFC3339))
	case maxAge >= unlimitedAge:
		return time.Time{}, nil
	case maxAge <= 0 || expires.Before(now):
		return expires, fmt.Errorf("%w at %s", ErrExpired, expires.UTC().Format(time.RFC3339))
	}
	return expires, nil
}
