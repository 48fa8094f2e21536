package gateway

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

const requestIDHeader = "X-Request-Id"

// identify gives every request an id, which is in the answer's header and in the
// log. A client's own is taken if it looks like one.
func identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !isRequestID(id) {
			id = strconv.FormatUint(rand.Uint64(), 36) // #nosec G404 -- no secret
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r)
	})
}

// isRequestID lets through what is safe in a log and long enough to be unique.
func isRequestID(id string) bool {
	return len(id) >= 8 && len(id) <= 128 &&
		strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=") == ""
}
