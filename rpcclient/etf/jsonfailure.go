package etf

// A failure is why a term has no JSON form.
type failure struct {
	malformed error  // what is wrong with the bytes; the rest is unset then
	tooLong   bool   // whether the text is past the limit; the rest is unset then
	reason    string // else what was found
	path      []step // and where, innermost first, if asked for
}

// err returns the failure as it is reported. For the path it encodes the term
// once more, so that nothing need be kept for it where all is well, or where a
// map turns out to be a struct after all. dst is for scribbling.
func (e *jsonEncoder) err(dst []byte) error {
	if e.failure.malformed != nil {
		return e.failure.malformed
	}
	e.tracing = true
	e.value(dst, 0, 1)
	return &JSONError{Path: e.path(), Reason: e.failure.reason}
}

func (e *jsonEncoder) malformed(err error) bool {
	e.failure = failure{malformed: err}
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

// pastLimit fails in front of the term at an offset, because the text is past the
// limit, unless the term is malformed.
func (e *jsonEncoder) pastLimit(dst []byte, off int) ([]byte, int, bool) {
	dst, off, ok := e.refuse(dst, off, "")
	if e.failure.malformed == nil {
		ok = e.tooLong()
	}
	return dst, off, ok
}

// refuse fails because of the term at an offset: for the reason given, or because
// it is malformed. Where that is known already the reason may be empty.
func (e *jsonEncoder) refuse(dst []byte, off int, reason string) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.malformed(err)
	}
	return dst, d.off, e.fail(reason)
}

// skip returns the offset after n terms which are left of something that has
// failed.
func (e *jsonEncoder) skip(off, n int) int {
	d := e.decoder(off)
	for ; n > 0 && e.failure.malformed == nil; n-- {
		if err := d.Skip(); err != nil {
			e.malformed(err)
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
