package etf

// A failure is why a term has no JSON form.
type failure struct {
	fatal   error  // why there is no going on: the bytes are malformed, or the context has ended; the rest is unset then
	tooLong bool   // whether the text is past the limit; the rest is unset then
	reason  string // else what was found
	unknown string // the name of an unknown struct, if it is one
	path    []step // and where, innermost first, if asked for
}

// err returns the failure as it is reported. For the path it encodes the term
// once more, so that nothing need be kept for it where all is well, or where a
// map turns out to be a struct after all. dst is for scribbling.
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

// abort fails for good.
func (e *jsonEncoder) abort(err error) bool {
	e.failure = failure{fatal: err}
	return false
}

// fail fails because of a well-formed term.
func (e *jsonEncoder) fail(reason string) bool {
	e.failure = failure{reason: reason}
	return false
}

// tooLong fails because the text is past the limit.
func (e *jsonEncoder) tooLong() bool {
	e.failure = failure{tooLong: true}
	return false
}

// stop fails in front of the term at an offset, since it may not go on there: if it
// is for the length of the text, the term may still be malformed.
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

// refuse fails because of the term at an offset: for the reason given, or because
// it is malformed. Where that is known already the reason may be empty.
func (e *jsonEncoder) refuse(dst []byte, off int, reason string) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.abort(err)
	}
	return dst, d.off, e.fail(reason)
}

// skip returns the offset after n terms which are left of something that has
// failed.
func (e *jsonEncoder) skip(off, n int) int {
	d := e.decoder(off)
	for ; n > 0 && e.failure.fatal == nil; n-- {
		if err := d.Skip(); err != nil {
			e.abort(err)
		}
	}
	return d.off
}

// kind says what a term of a tag is in the words of the language.
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
