package gateway

import "net/http"

var noSniffHeader = []string{"nosniff"} // net/http does not change it

// noSniff has browsers take answers for nothing but what their Content-Type says.
func noSniff(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = noSniffHeader
		next.ServeHTTP(w, r)
	})
}
