package transport

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

const requestIDHeader = "X-Request-Id"

// SetRequestID gives every request an id, which its response's header and the log have. A
// client's own id is kept if it is well-formed.
func SetRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !isRequestID(id) {
			id = strconv.FormatUint(rand.Uint64(), 36) // #nosec G404 -- no secret
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r)
	})
}

// isRequestID reports whether an id is safe in a log and long enough to be unique.
func isRequestID(id string) bool {
	return len(id) >= 8 && len(id) <= 128 &&
		strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=") == ""
}
