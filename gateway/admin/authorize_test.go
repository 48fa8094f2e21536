package admin

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	operatorToken = "0123456789abcdef"
	adminURL      = "http://127.0.0.1:4401"
)

// guarded returns a handler that an Admin guards.
func guarded(a *Admin) http.Handler {
	return a.RefuseForeignOrigins(a.Authorize(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})))
}

// Each kind of refusal is logged, without the token.
func TestRefusedOperatorsAreLogged(t *testing.T) {
	var log bytes.Buffer
	a := New(slog.New(slog.NewTextHandler(&log, nil)))
	ask := func(method, url string, header ...string) {
		t.Helper()
		log.Reset()
		r := httptest.NewRequest(method, url, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		guarded(a).ServeHTTP(w, r)
		if text := log.String(); w.Code < 400 || strings.Count(text, "request of an operator refused") != 1 || !strings.Contains(text, "192.0.2.1:1234") || strings.Contains(text, "wrong-token") {
			t.Errorf("%s %s: %d, %s", method, url, w.Code, text)
		}
	}
	ask("GET", "http://rebound.example:4401/status")
	ask("POST", adminURL+"/nodes/a@b/drain", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	a.SetToken(operatorToken)
	ask("GET", adminURL+"/status")
	for range guessBurst + 1 {
		ask("GET", adminURL+"/status", "Authorization", "Bearer wrong-token-wrong-token")
	}
}

func TestCheckToken(t *testing.T) {
	for token, valid := range map[string]bool{
		operatorToken:                    true,
		operatorToken[1:]:                false,
		"":                               false,
		"two words, and more of them":    false,
		"line one of it\nline two of it": false,
		"schlüsselschlüssel":             false,
	} {
		err := CheckToken(token)
		if (err == nil) != valid || err != nil && token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
	}
}
