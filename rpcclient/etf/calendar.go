package etf

import "strconv"

// appendDate appends the date in the form of Date.to_iso8601/1.
func (e *jsonEncoder) appendDate(dst []byte, s *structTerm) []byte {
	e.checkCalendar(s)
	year := e.intField(s, fieldYear, -1<<31, 1<<31) // Elixir 1.15 and later allow years past 9999
	if year < 0 {
		dst = append(dst, '-')
		year = -year
	}
	dst = appendPadded(dst, year, 4)
	dst = append(dst, '-')
	dst = appendPadded(dst, e.intField(s, fieldMonth, 1, 12), 2)
	dst = append(dst, '-')
	return appendPadded(dst, e.intField(s, fieldDay, 1, 31), 2)
}

// appendTime appends the time in the form of Time.to_iso8601/1, with a fraction of as
// many digits as its precision.
func (e *jsonEncoder) appendTime(dst []byte, s *structTerm) []byte {
	e.checkCalendar(s)
	dst = appendPadded(dst, e.intField(s, fieldHour, 0, 23), 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, e.intField(s, fieldMinute, 0, 59), 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, e.intField(s, fieldSecond, 0, 59), 2)
	value, precision := e.microsecond(s)
	if precision == 0 {
		return dst
	}
	dst = append(dst, '.')
	dst = appendPadded(dst, value, 6)
	return dst[:len(dst)-6+precision]
}

// checkCalendar refuses calendars other than Calendar.ISO.
func (e *jsonEncoder) checkCalendar(s *structTerm) {
	if d, ok := e.at(s, fieldCalendar); ok && !d.atomIs("Elixir.Calendar.ISO") {
		s.fail("a " + s.name + " in a calendar other than Calendar.ISO")
	}
}

// microsecond returns the field microsecond, {value, precision}.
func (e *jsonEncoder) microsecond(s *structTerm) (value int64, precision int) {
	d, ok := e.at(s, fieldMicrosecond)
	if !ok {
		return 0, 0
	}
	arity, err1 := d.Tuple()
	value, err2 := d.Int()
	digits, err3 := d.Int()
	if err1 != nil || err2 != nil || err3 != nil || arity != 2 || value < 0 || value > 999_999 || digits < 0 || digits > 6 {
		s.invalid(fieldMicrosecond)
		return 0, 0
	}
	return value, int(digits)
}

// appendNaiveDateTime appends date and time with a separator: T, or a blank as
// to_string prints it.
func (e *jsonEncoder) appendNaiveDateTime(dst []byte, s *structTerm, separator byte) []byte {
	dst = e.appendDate(dst, s)
	dst = append(dst, separator)
	return e.appendTime(dst, s)
}

// appendDateTime appends a DateTime in the form of DateTime.to_iso8601/1, with its
// offset from UTC in hours and minutes, or Z for the time zone Etc/UTC.
func (e *jsonEncoder) appendDateTime(dst []byte, s *structTerm, separator byte) []byte {
	dst = e.appendNaiveDateTime(dst, s, separator)
	const day = 24 * 60 * 60
	utc := e.intField(s, fieldUTCOffset, -day, day)
	std := e.intField(s, fieldStdOffset, -day, day)
	if zone := e.binaryField(s, fieldTimeZone); utc == 0 && std == 0 && string(zone) == etcUTC {
		return append(dst, 'Z')
	}
	sign, minutes := byte('+'), (utc+std)/60
	if utc+std < 0 {
		sign, minutes = '-', -minutes
	}
	dst = append(dst, sign)
	dst = appendPadded(dst, minutes/60, 2)
	dst = append(dst, ':')
	return appendPadded(dst, minutes%60, 2)
}

const etcUTC = "Etc/UTC"

// appendPadded appends a number that is not negative with leading zeros.
func appendPadded(dst []byte, v int64, width int) []byte {
	for limit, i := int64(10), 1; i < width; i++ {
		if v < limit {
			dst = append(dst, '0')
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, v, 10)
}
