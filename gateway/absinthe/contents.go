package absinthe

import (
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// contents are the members of a result map of Absinthe.
type contents struct {
	data, errors bool
	null         bool // the value of data is nil, and there are errors
}

// contentsOf reads the keys of a result map, up to the first that is no atom. It skips the
// value of data, which may be large, at most once, and not if it is the last one.
func contentsOf(result etf.Term) (c contents) {
	d := etf.NewDecoder(result)
	var data etf.Decoder
	n, err := d.Map()
	for i := 0; err == nil && i < n; i++ {
		var key string
		switch key, err = d.Atom(); key {
		case "data":
			c.data, data = true, d
		case "errors":
			c.errors = true
		}
		if err == nil && i < n-1 {
			err = d.Skip()
		}
	}
	c.null = c.data && c.errors && isNil(data)
	return c
}

// isNil reports whether the next term is the atom nil.
func isNil(d etf.Decoder) bool {
	atom, err := d.Atom()
	return err == nil && atom == "nil"
}

// outcome returns which errors the result has. Without data nothing was executed.
func (c contents) outcome() operation.Outcome {
	switch {
	case !c.errors:
		return operation.Succeeded
	case !c.data:
		return operation.NotExecuted
	case c.null:
		return operation.NullData
	}
	return operation.Partial
}
