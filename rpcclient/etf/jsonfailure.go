package etf

// A failure is why a term has no JSON form.
type failure struct {
	malformed error  // what is wrong with the bytes; the rest is unset then
	reason    string // else what was found
	offset    int    // and where
}

// err returns the failure as it is reported for the term t.
func (f failure) err(t Term) error {
	if f.malformed != nil {
		return f.malformed
	}
	return &JSONError{Path: path(t, f.offset), Reason: f.reason}
}

func (e *jsonEncoder) malformed(err error) bool {
	e.failure = failure{malformed: err}
	return false
}

// fail fails because of the well-formed term at an offset.
func (e *jsonEncoder) fail(offset int, reason string) bool {
	e.failure = failure{reason: reason, offset: offset}
	return false
}

// refuse fails because of the term at an offset: for the reason given unless it
// turns out to be malformed.
func (e *jsonEncoder) refuse(dst []byte, off int, reason string) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.malformed(err)
	}
	return dst, d.off, e.fail(off, reason)
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
