package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Errors of the admin listener say where to look.
func TestErrorsForOperators(t *testing.T) {
	admin := gatewayOf(unreachableApp(t, nil)).Admin()
	for path, want := range map[string]string{
		"/statsu":                   "GET / lists its paths",
		"/schemas/diff?path=/other": "There is no difference to show: no application has this path; GET /status lists",
		"/readyz":                   "no available node",
	} {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:4401"+path, nil))
		if got := w.Body.String(); w.Code < 400 || !strings.Contains(got, want) {
			t.Errorf("GET %s: %d %s, want %q", path, w.Code, got, want)
		}
	}
}
