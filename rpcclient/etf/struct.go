package etf

import "strings"

// A field is a field of a struct that has a JSON form of its own.
type field int

const (
	fieldStruct field = iota // the name of the struct
	fieldCalendar
	fieldYear
	fieldMonth
	fieldDay
	fieldHour
	fieldMinute
	fieldSecond
	fieldMicrosecond
	fieldTimeZone
	fieldUTCOffset
	fieldStdOffset
	fieldCoef
	fieldExp
	fieldSign
	fieldValues
	fieldOther // any other key
	fieldCount = fieldOther
)

var fieldNames = [fieldCount]string{
	fieldStruct:      "__struct__",
	fieldCalendar:    "calendar",
	fieldYear:        "year",
	fieldMonth:       "month",
	fieldDay:         "day",
	fieldHour:        "hour",
	fieldMinute:      "minute",
	fieldSecond:      "second",
	fieldMicrosecond: "microsecond",
	fieldTimeZone:    "time_zone",
	fieldUTCOffset:   "utc_offset",
	fieldStdOffset:   "std_offset",
	fieldCoef:        "coef",
	fieldExp:         "exp",
	fieldSign:        "sign",
	fieldValues:      "values",
}

// A structTerm is a map that turned out to be a struct, and where its fields are.
type structTerm struct {
	name    string              // without the prefix Elixir.
	offsets [fieldCount + 1]int // of the fields' values, 0 for one that is not there
	end     int                 // the offset after it
	reason  string              // why it has no JSON form
}

// atStructKey says whether the pair at an offset is what makes a map a struct:
// the atom __struct__ and another atom.
func (e *jsonEncoder) atStructKey(off int) bool {
	name, cached, size, ok := findAtom(e.b[off:], e.atoms)
	if !ok || string(name) != fieldNames[fieldStruct] && cached != fieldNames[fieldStruct] {
		return false
	}
	_, _, _, ok = findAtom(e.b[off+size:], e.atoms)
	return ok
}

// structValue appends the struct at an offset.
func (e *jsonEncoder) structValue(dst []byte, off, depth int) ([]byte, int, bool) {
	s, err := e.structTerm(off)
	if err != nil {
		return dst, off, e.malformed(err)
	}
	start := len(dst)
	d := e.decoder(s.offsets[fieldStruct])
	dst, err = d.appendAtomName(dst)
	if err != nil {
		return dst, off, e.malformed(err)
	}
	switch string(dst[start:]) {
	case "Elixir.Date":
		s.name = "Date"
		dst = e.appendDate(append(dst[:start], '"'), &s)
	case "Elixir.Time":
		s.name = "Time"
		dst = e.appendTime(append(dst[:start], '"'), &s)
	case "Elixir.NaiveDateTime":
		s.name = "NaiveDateTime"
		dst = e.appendNaiveDateTime(append(dst[:start], '"'), &s)
	case "Elixir.DateTime":
		s.name = "DateTime"
		dst = e.appendDateTime(append(dst[:start], '"'), &s)
	case "Elixir.Decimal":
		s.name = "Decimal"
		dst = e.appendDecimal(append(dst[:start], '"'), &s)
	case "Elixir.Jason.OrderedObject":
		s.name = "Jason.OrderedObject"
		var ok bool
		if dst, ok = e.appendOrdered(dst[:start], &s, depth); ok || s.reason == "" {
			return dst, s.end, ok
		}
	default:
		s.fail("unknown struct " + strings.TrimPrefix(string(dst[start:]), "Elixir."))
	}
	if s.reason != "" {
		return dst, s.end, e.fail(s.reason)
	}
	return append(dst, '"'), s.end, true
}

// structTerm finds the fields of the struct at an offset.
func (e *jsonEncoder) structTerm(off int) (structTerm, error) {
	var s structTerm
	d := e.decoder(off)
	n, err := d.Map()
	if err != nil {
		return s, err
	}
	for range n {
		f, err := d.field()
		if err != nil {
			return s, err
		}
		s.offsets[f] = d.off
		if err := d.Skip(); err != nil {
			return s, err
		}
	}
	s.end = d.off
	return s, nil
}

// field consumes a key of a map and returns which field it is.
func (d *Decoder) field() (field, error) {
	name, cached, size, ok := findAtom(d.b[d.off:], d.atoms)
	if !ok {
		return fieldOther, d.Skip()
	}
	d.off += size
	for f, want := range fieldNames {
		if string(name) == want || cached == want {
			return field(f), nil
		}
	}
	return fieldOther, nil
}

// at returns a Decoder in front of a field's value, and whether there is one.
func (e *jsonEncoder) at(s *structTerm, f field) (d Decoder, ok bool) {
	if s.offsets[f] == 0 {
		s.invalid(f)
	}
	return e.decoder(s.offsets[f]), s.offsets[f] != 0
}

// intField returns a field which is an integer between two bounds.
func (e *jsonEncoder) intField(s *structTerm, f field, least, most int64) int64 {
	d, ok := e.at(s, f)
	if !ok {
		return least
	}
	v, err := d.Int()
	if err != nil || v < least || v > most {
		s.invalid(f)
		return least
	}
	return v
}

// invalid notes that a field is not as it should be.
func (s *structTerm) invalid(f field) {
	s.fail("a " + s.name + " without a valid " + fieldNames[f])
}

func (s *structTerm) fail(reason string) {
	if s.reason == "" {
		s.reason = reason
	}
}
