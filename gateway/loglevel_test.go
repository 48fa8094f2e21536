package gateway

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/logging"
)

func TestLogLevelIsSetByOperators(t *testing.T) {
	var out bytes.Buffer
	handler := logging.NewHandler(&out, slog.LevelInfo, false)
	g := newGateway(Limits{}, slog.New(handler), unreachableApp(t, nil))
	g.SetAdminToken(operatorToken)
	operate := func(method, body, token string) (int, string) {
		r, w := httptest.NewRequest(method, "http://127.0.0.1/log/level", strings.NewReader(body)), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+token)
		g.Admin().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		method, body, token string
		status              int
		answer              string
	}{
		{http.MethodGet, "", operatorToken, 200, `"level": "info"`},
		{http.MethodPut, "debug", "a-wrong-token-of-an-operator", 401, "UNAUTHENTICATED"},
		{http.MethodPut, "loud", operatorToken, 400, "is not one of"},
		{http.MethodPut, "", operatorToken, 400, "is not one of"},
		{http.MethodPut, "debug", operatorToken, 200, `"level": "debug"`},
		{http.MethodGet, "", operatorToken, 200, `"level": "debug"`},
	} {
		if status, answer := operate(c.method, c.body, c.token); status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%s %q: %d %s", c.method, c.body, status, answer)
		}
	}
	slog.New(handler).With("a", 1).Debug("a line at level debug")
	handler.Close(time.Minute)
	if !strings.Contains(out.String(), "a line at level debug") {
		t.Errorf("the log is\n%s", &out)
	}
}
