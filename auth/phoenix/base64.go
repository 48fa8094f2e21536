package phoenix

import (
	"encoding/base64"
	"strings"
)

// strict takes one text for each sequence of bytes.
var strict = base64.RawURLEncoding.Strict()

// decode reads base64url without padding (RFC 4648, 5). It does not skip line breaks,
// as the library does.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := strict.DecodeString(text)
	return b, err == nil
}
