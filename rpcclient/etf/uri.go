package etf

import (
	"bytes"
	"strconv"
)

// defaultPorts are the ports that Elixir omits for these schemes.
var defaultPorts = map[string]int64{
	"ftp": 21, "sftp": 22, "tftp": 69, "http": 80, "https": 443, "ldap": 389, "ws": 80, "wss": 443,
}

// appendURI appends a URI in the form of URI.to_string/1.
func (e *jsonEncoder) appendURI(dst []byte, s *structTerm) []byte {
	part := func(before string, f field, after string) {
		if e.isSet(s, f) {
			dst = append(append(append(dst, before...), e.binaryField(s, f)...), after...)
		}
	}
	part("", fieldScheme, ":")
	if e.isSet(s, fieldHost) {
		if path := e.optionalBinary(s, fieldPath); len(path) > 0 && path[0] != '/' {
			s.fail("a URI with a host and a path without a slash")
		}
		dst = append(dst, "//"...)
		part("", fieldUserinfo, "@")
		if host := e.binaryField(s, fieldHost); bytes.IndexByte(host, ':') >= 0 {
			part("[", fieldHost, "]")
		} else {
			part("", fieldHost, "")
		}
		dst = e.appendPort(dst, s)
	} else {
		part("//", fieldAuthority, "")
	}
	part("", fieldPath, "")
	part("?", fieldQuery, "")
	part("#", fieldFragment, "")
	return dst
}

// appendPort appends the port of a URI unless it is the scheme's default.
func (e *jsonEncoder) appendPort(dst []byte, s *structTerm) []byte {
	if !e.isSet(s, fieldPort) {
		return dst
	}
	port := e.intField(s, fieldPort, 0, 1<<53)
	if known, ok := defaultPorts[string(e.optionalBinary(s, fieldScheme))]; ok && known == port {
		return dst
	}
	return strconv.AppendInt(append(dst, ':'), port, 10)
}

func (e *jsonEncoder) optionalBinary(s *structTerm, f field) []byte {
	if !e.isSet(s, f) {
		return nil
	}
	return e.binaryField(s, f)
}
