package transport

import "net/http"

var noSniffHeader = []string{"nosniff"} // net/http does not change it

// SetNoSniff makes browsers rely on the Content-Type of responses.
func SetNoSniff(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = noSniffHeader
		next.ServeHTTP(w, r)
	})
}
