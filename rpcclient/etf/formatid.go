package etf

import (
	"slices"
	"strconv"
)

// identifier appends a pid, port, reference or function.
func (f *formatter) identifier(tag Tag) bool {
	switch tag {
	case TagPid, TagNewPid:
		p, err := f.Pid()
		if err != nil {
			return false
		}
		f.name("#PID", p.Node, uint64(p.ID), uint64(p.Serial))
		return true
	case TagNewRef, TagNewerRef:
		r, err := f.Ref()
		if err != nil {
			return false
		}
		var words []uint64
		for _, id := range slices.Backward(r.IDs[:r.Len]) { // in the BEAM's order
			words = append(words, uint64(id))
		}
		f.name("#Reference", r.Node, words...)
		return true
	case TagPort, TagNewPort, TagV4Port, TagRef:
		return f.portOrRef(tag)
	case TagNewFun:
		return f.fun()
	case TagExport:
		return f.export()
	}
	return false
}

// name appends an identifier such as #PID<app@host.123.0>.
func (f *formatter) name(kind, node string, words ...uint64) {
	f.out = append(f.out, kind+"<"+node...)
	for _, w := range words {
		f.out = append(f.out, '.')
		f.out = strconv.AppendUint(f.out, w, 10)
	}
	f.out = append(f.out, '>')
}

// portOrRef appends an identifier made of a node, a number and a creation.
func (f *formatter) portOrRef(tag Tag) bool {
	d := f.Decoder
	if f.Skip() != nil {
		return false
	}
	d.off++
	node, err := d.Atom()
	if err != nil {
		return false
	}
	var number uint64
	for _, c := range f.b[d.off : f.off-creationSize(tag)] {
		number = number<<8 | uint64(c)
	}
	kind := "#Port"
	if tag == TagRef {
		kind = "#Reference"
	}
	f.name(kind, node, number)
	return true
}

// fun appends a function. Its module's name comes after size, arity, 16 bytes of
// checksum, index and number of free variables.
func (f *formatter) fun() bool {
	const sizeEnd, header = 5, 1 + 4 + 1 + 16 + 4 + 4
	d := f.Decoder
	if f.Skip() != nil || f.off-d.off < header {
		return false
	}
	arity := d.b[d.off+sizeEnd]
	d.b, d.off = f.b[:f.off], d.off+header
	module, err := d.Atom()
	if err != nil {
		return false
	}
	f.out = append(f.out, "#Function<"...)
	f.out = appendAtomText(f.out, module)
	f.out = append(f.out, '/')
	f.out = strconv.AppendUint(f.out, uint64(arity), 10)
	f.out = append(f.out, '>')
	return true
}

// export appends a function known by its name.
func (f *formatter) export() bool {
	f.off++
	module, err1 := f.Atom()
	function, err2 := f.Atom()
	arity, err3 := f.Int()
	if err1 != nil || err2 != nil || err3 != nil {
		return false
	}
	f.out = append(f.out, '&')
	f.out = appendAtomText(f.out, module)
	f.out = append(f.out, "."+function+"/"...)
	f.out = strconv.AppendInt(f.out, arity, 10)
	return true
}
