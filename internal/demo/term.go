package demo

import "github.com/louche-graphql/louche/rpcclient/etf"

// Values of [appendTerm] besides string, bool, int and list.
type (
	atom    string
	list    = []any
	tuple   []any
	object  []member // a map with atoms as keys
	encoded []byte   // a term
)

type member struct {
	key   atom
	value any
}

func appendTerm(b []byte, value any) []byte {
	switch v := value.(type) {
	case atom:
		return etf.AppendAtom(b, string(v))
	case string:
		return etf.AppendBinary(b, v)
	case bool:
		return etf.AppendBool(b, v)
	case int:
		return etf.AppendInt(b, int64(v))
	case list:
		return etf.AppendNil(appendTerms(etf.AppendList(b, len(v)), v))
	case tuple:
		return appendTerms(etf.AppendTuple(b, len(v)), v)
	case object:
		b = etf.AppendMap(b, len(v))
		for _, m := range v {
			b = appendTerm(appendTerm(b, m.key), m.value)
		}
	case encoded:
		return append(b, v...)
	}
	return b
}

func appendTerms(b []byte, values []any) []byte {
	for _, v := range values {
		b = appendTerm(b, v)
	}
	return b
}

// properList returns the elements of a proper list. It refuses a STRING_EXT: no
// argument of the demo is a list of bytes.
func properList(t etf.Term) ([]etf.Term, error) {
	d := etf.NewDecoder(t)
	n, err := d.List()
	if n == 0 || err != nil {
		return nil, err
	}
	elements := make([]etf.Term, n)
	for i := range elements {
		if elements[i], err = d.Term(); err != nil {
			return nil, err
		}
	}
	return elements, d.Nil()
}

func atomOf(t etf.Term) (string, error) {
	d := etf.NewDecoder(t)
	return d.Atom()
}

func binaryOf(t etf.Term) (string, error) {
	d := etf.NewDecoder(t)
	b, err := d.Binary()
	return string(b), err
}
