package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Operators reach /debug if it is on.
func TestDebug(t *testing.T) {
	g := gatewayOf(unreachableApp(t, nil))
	g.SetAdminToken(operatorToken)
	get := func(path, token string) (int, string) {
		r, w := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+token)
		g.Admin().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	pages := map[string]string{
		"/debug/config":                  "listen: x",
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "TestDebug",
		"/debug/pprof/heap?debug=1":      "heap profile",
	}
	for path := range pages {
		if status, answer := get(path, operatorToken); status != 404 {
			t.Errorf("off: %s: %d %s", path, status, answer)
		}
	}
	g.SetDebug([]byte("listen: x"))
	for path, want := range pages {
		if status, answer := get(path, operatorToken); status != 200 || !strings.Contains(answer, want) {
			t.Errorf("on: %s: %d %s", path, status, answer)
		}
		if status, answer := get(path, "another-token-of-an-operator"); status != 401 && status != 429 {
			t.Errorf("on, with a wrong token: %s: %d %s", path, status, answer)
		}
	}
	if status, answer := get("/", operatorToken); status != 200 || !strings.Contains(answer, "PUT /log/level") {
		t.Errorf("the index: %d %s", status, answer)
	}
	if status, _ := get("/", ""); status != 401 {
		t.Errorf("the index without a token: %d", status)
	}
}
