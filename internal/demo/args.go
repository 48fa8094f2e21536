package demo

import "github.com/louche-graphql/louche/rpcclient/etf"

// properList returns the elements of a proper list. It refuses a STRING_EXT: no
// argument of the demo is a list of bytes.
func properList(t etf.Term) ([]etf.Term, error) {
	d := etf.NewDecoder(t)
	n, err := d.List()
	if n == 0 || err != nil {
		return nil, err
	}
	var elements []etf.Term
	for range n {
		element, err := d.Term()
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return elements, d.Nil()
}

func atom(t etf.Term) (string, error) {
	d := etf.NewDecoder(t)
	return d.Atom()
}

func binary(t etf.Term) (string, error) {
	d := etf.NewDecoder(t)
	b, err := d.Binary()
	return string(b), err
}
