package etf

import (
	"cmp"
	"strings"
)

// A field is a field of a struct that has its own JSON form, or its own text as a key.
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
	fieldZoneAbbr
	fieldScheme
	fieldUserinfo
	fieldAuthority
	fieldHost
	fieldPort
	fieldPath
	fieldQuery
	fieldFragment
	fieldMajor
	fieldMinor
	fieldPatch
	fieldPre
	fieldBuild
	fieldSource
	fieldOther // any other key
	fieldCount = fieldOther
)

// fieldNames are the names of the fields, in their order.
var fieldNames = [fieldCount]string{
	"__struct__", "calendar", "year", "month", "day", "hour", "minute", "second",
	"microsecond", "time_zone", "utc_offset", "std_offset", "coef", "exp", "sign", "values",
	"zone_abbr", "scheme", "userinfo", "authority", "host", "port", "path", "query",
	"fragment", "major", "minor", "patch", "pre", "build", "source",
}

var (
	fieldsByName = make(map[string]field)
	// fieldShapes has the lengths and first bytes of the names, to rule out other keys
	// fast.
	fieldShapes [16][256]bool
)

func init() {
	for f, name := range fieldNames {
		fieldsByName[name] = field(f)
		fieldShapes[len(name)][name[0]] = true
	}
}

// fieldNamed returns the field of a name, or fieldOther.
func fieldNamed[T string | []byte](name T) field {
	if n := len(name); n > 0 && n < len(fieldShapes) && fieldShapes[n][name[0]] {
		if f, ok := fieldsByName[string(name)]; ok {
			return f
		}
	}
	return fieldOther
}

// structNames are the known structs, by their atoms.
var structNames = map[string]string{
	"Elixir.Date":                "Date",
	"Elixir.Time":                "Time",
	"Elixir.NaiveDateTime":       "NaiveDateTime",
	"Elixir.DateTime":            "DateTime",
	"Elixir.Decimal":             "Decimal",
	"Elixir.Jason.OrderedObject": "Jason.OrderedObject",
	"Elixir.URI":                 "URI",
	"Elixir.Version":             "Version",
	"Elixir.Version.Requirement": "Version.Requirement",
}

// A structTerm is a map that is a struct, with the positions of its fields.
type structTerm struct {
	name    string              // of structNames
	offsets [fieldCount + 1]int // of the fields' values; 0: missing
	reason  string              // why it has no JSON form

	// ordered is set if its values have been appended, as those of a
	// Jason.OrderedObject; orderedOK if all of them were appended. Otherwise failure
	// says why.
	ordered, orderedOK bool
	failure            failure
}

// isStruct reports whether the key of a struct has been found.
func (s *structTerm) isStruct() bool { return s.offsets[fieldStruct] != 0 }

// structValue appends the struct at a span of the term, replacing what has been
// appended of it as a map.
func (e *jsonEncoder) structValue(dst []byte, m *mixedMap, at span) ([]byte, bool) {
	s := &m.s
	s.name = e.structName(s)
	if s.name == "Jason.OrderedObject" && s.ordered {
		e.failure = s.failure
		return dst, s.orderedOK
	}
	dst = e.discard(dst, m.start)
	e.encoded.forget(at)
	switch s.name {
	case "Date":
		dst = e.appendDate(append(dst, '"'), s)
	case "Time":
		dst = e.appendTime(append(dst, '"'), s)
	case "NaiveDateTime":
		dst = e.appendNaiveDateTime(append(dst, '"'), s, 'T')
	case "DateTime":
		dst = e.appendDateTime(append(dst, '"'), s, 'T')
	case "Decimal":
		dst = e.appendDecimal(append(dst, '"'), s)
	case "Jason.OrderedObject":
		if d, ok := e.at(s, fieldValues); ok && d.Nil() == nil {
			return append(dst, "{}"...), true
		}
		s.invalid(fieldValues)
	default:
		return e.unknownStruct(dst, s, at)
	}
	if s.reason != "" {
		return dst, e.fail(s.reason)
	}
	return append(dst, '"'), true
}

// structName returns the name of a known struct, or "".
func (e *jsonEncoder) structName(s *structTerm) string {
	name, cached, _, _ := findAtom(e.b[s.offsets[fieldStruct]:], e.atoms)
	if name == nil {
		return structNames[cached]
	}
	return structNames[string(name)]
}

// unknownName returns the name of any struct in Elixir's notation.
func (e *jsonEncoder) unknownName(s *structTerm) string {
	d := e.decoder(s.offsets[fieldStruct])
	name, _ := d.appendAtomName(nil)
	return strings.ToValidUTF8(strings.TrimPrefix(string(name), "Elixir."), "\uFFFD")
}

// field returns the field of the key at an offset, and the offset of its value.
func (e *jsonEncoder) field(off int) (f field, value int) {
	name, cached, size, ok := findAtom(e.b[min(off, len(e.b)):], e.atoms)
	if !ok {
		return fieldOther, 0
	}
	if name == nil {
		return fieldNamed(cached), off + size
	}
	return fieldNamed(name), off + size
}

func (e *jsonEncoder) atAtom(off int) bool {
	return off < len(e.b) && Tag(e.b[off]).isAtom()
}

// at returns a Decoder at a field's value, if there is one.
func (e *jsonEncoder) at(s *structTerm, f field) (d Decoder, ok bool) {
	if s.offsets[f] == 0 {
		s.invalid(f)
	}
	return e.decoder(s.offsets[f]), s.offsets[f] != 0
}

// intField returns a field that is an integer between two bounds.
func (e *jsonEncoder) intField(s *structTerm, f field, low, high int64) int64 {
	d, ok := e.at(s, f)
	if !ok {
		return low
	}
	v, err := d.Int()
	if err != nil || v < low || v > high {
		s.invalid(f)
		return low
	}
	return v
}

func (e *jsonEncoder) binaryField(s *structTerm, f field) []byte {
	d, ok := e.at(s, f)
	if !ok {
		return nil
	}
	text, err := d.Binary()
	if err != nil {
		s.invalid(f)
	}
	return text
}

func (s *structTerm) invalid(f field) {
	s.fail("a " + s.name + " without a valid " + fieldNames[f])
}

func (s *structTerm) fail(reason string) {
	s.reason = cmp.Or(s.reason, reason)
}
