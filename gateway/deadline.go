package gateway

import (
	"net/http"
	"time"
)

// deadline bounds the time in which a request's body has to arrive, whether
// anybody reads it or it is passed over to get at the next request. net/http's
// own ReadTimeout would go on while an operation runs, and end it as if the
// client had left; here [endDeadline] is called when the body has been read.
func (g *Gateway) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.limits.ReadTimeout))
		next.ServeHTTP(w, r)
	})
}

func endDeadline(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}
