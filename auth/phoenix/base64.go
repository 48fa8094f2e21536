package phoenix

import (
	"encoding/base64"
	"strings"
)

// encoding rejects trailing bits that are not zero, so each sequence of bytes has exactly
// one text.
var encoding = base64.RawURLEncoding.Strict()

// decodeBase64 decodes base64url without padding (RFC 4648, 5). The standard library
// skips line breaks; decodeBase64 rejects them.
func decodeBase64(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := encoding.DecodeString(text)
	return b, err == nil
}
