package transport

import (
	"net/http"
	"strings"
)

// WithPage answers with page where a browser opens the application's path, and with the
// handler's answer to all other requests.
func (h *Handler) WithPage(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isForPage(r) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Vary", h.vary)
		page.ServeHTTP(w, r)
	})
}

// isForPage reports whether a request without parameters names text/html and prefers it to
// the media types of answers.
func isForPage(r *http.Request) bool {
	if !isSafe(r.Method) || r.URL.RawQuery != "" {
		return false
	}
	var page, answer float64
	eachPreference(r.Header["Accept"], func(name, _ string, quality float64) {
		switch strings.ToLower(name) {
		case "text/html":
			page = max(page, quality)
		case jsonName, responseName:
			answer = max(answer, quality)
		}
	})
	return page > answer
}
