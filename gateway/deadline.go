package gateway

import (
	"net/http"
	"time"
)

// step is how much of an answer has to go out within a write timeout, in bytes:
// a slow client gets all of a large one, but one that does not read is given up.
const step = 256 << 10

// deadline bounds the time in which a request's body has to arrive, whether
// anybody reads it or it is passed over to get at the next request, and the time
// in which an answer has to be accepted. net/http's own ReadTimeout would go on
// while an operation runs, and end it as if the client had left; here
// [endReadDeadline] is called when the body has been read.
func (l Limits) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		conn.SetReadDeadline(time.Now().Add(l.ReadTimeout))
		conn.SetWriteDeadline(time.Time{}) // of the answer before this one
		next.ServeHTTP(&steps{ResponseWriter: w, timeout: l.WriteTimeout}, r)
	})
}

func endReadDeadline(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// steps writes with a deadline for every step.
type steps struct {
	http.ResponseWriter
	timeout time.Duration
}

// Unwrap is for http.ResponseController.
func (s *steps) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *steps) Write(b []byte) (written int, err error) {
	conn := http.NewResponseController(s.ResponseWriter)
	for {
		conn.SetWriteDeadline(time.Now().Add(s.timeout))
		n, err := s.ResponseWriter.Write(b[:min(len(b), step)])
		written += n
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}
