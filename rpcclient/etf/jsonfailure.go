package etf

// A failure is why a term has no JSON form.
type failure struct {
	fatal   error  // malformed bytes or the end of the context; the rest is then unset
	tooLong bool   // the text exceeds the limit; the rest is then unset
	reason  string // what is there
	unknown string // the name of an unknown struct, if it is one
	path    []step // where, innermost first, if tracing
}

// err returns the failure as an error. To find the path it encodes the term again, so
// that successful encodings, and maps that turn out to be structs, need not record
// one. dst is scratch space.
func (e *jsonEncoder) err(dst []byte) error {
	if e.failure.fatal != nil {
		return e.failure.fatal
	}
	e.tracing = true
	if e.value(dst, 0, 1); e.failure.fatal != nil {
		return e.failure.fatal
	}
	return &JSONError{Path: e.path(), Reason: e.failure.reason, Struct: e.failure.unknown}
}

// abort sets a fatal failure.
func (e *jsonEncoder) abort(err error) bool {
	e.failure = failure{fatal: err}
	return false
}

// fail sets a failure because of a well-formed term.
func (e *jsonEncoder) fail(reason string) bool {
	e.failure = failure{reason: reason}
	return false
}

// tooLong sets a failure because the text exceeds the limit.
func (e *jsonEncoder) tooLong() bool {
	e.failure = failure{tooLong: true}
	return false
}

// stop stops at the limits, before the term at an offset. Past the limit of length,
// the rest of the term may still be malformed.
func (e *jsonEncoder) stop(dst []byte, off int) ([]byte, int, bool) {
	if e.failure.fatal != nil {
		return dst, off, false
	}
	dst, off, ok := e.refuse(dst, off, "")
	if e.failure.fatal == nil {
		ok = e.tooLong()
	}
	return dst, off, ok
}

// refuse sets a failure because of the term at an offset: the reason given, or that
// the term is malformed. An already known failure is kept.
func (e *jsonEncoder) refuse(dst []byte, off int, reason string) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.abort(err)
	}
	return dst, d.off, e.fail(reason)
}

// skip returns the offset after the remaining n terms of a failed one.
func (e *jsonEncoder) skip(off, n int) int {
	d := e.decoder(off)
	for ; n > 0 && e.failure.fatal == nil; n-- {
		if err := d.Skip(); err != nil {
			e.abort(err)
		}
	}
	return d.off
}

func kind(tag Tag) string {
	switch tag {
	case TagSmallTuple, TagLargeTuple:
		return "a tuple"
	case TagPid, TagNewPid:
		return "a pid"
	case TagRef, TagNewRef, TagNewerRef:
		return "a reference"
	case TagPort, TagNewPort, TagV4Port:
		return "a port"
	case TagFun, TagNewFun, TagExport:
		return "a function"
	case TagBitBinary:
		return "a bitstring"
	case TagNil, TagList, TagString:
		return "a list"
	case TagMap:
		return "a map"
	}
	return tag.String()
}
