package admin

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// Past the bound, the right token of a network is refused as well, until the interval is
// over.
func TestTokensCannotBeGuessedQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(slog.New(slog.DiscardHandler))
		a.SetToken(operatorToken)
		h := guarded(a)
		ask := func(client, token string) *httptest.ResponseRecorder {
			r, w := httptest.NewRequest("GET", adminURL+"/status", nil), httptest.NewRecorder()
			r.RemoteAddr = client
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			h.ServeHTTP(w, r)
			return w
		}
		const guesser, neighbour, operator = "[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8:0:1::1]:3"
		for i := range guessBurst {
			if w := ask(guesser, fmt.Sprintf("wrong-token-number-%d", i)); w.Code != 401 {
				t.Fatalf("guess %d: %d", i, w.Code)
			}
			if w := ask(guesser, ""); w.Code != 401 {
				t.Fatalf("no token: %d", w.Code)
			}
		}
		for client, want := range map[string]int{guesser: 429, neighbour: 429, operator: 200} {
			if w := ask(client, operatorToken); w.Code != want || (want == 429) != (w.Header().Get("Retry-After") == "1") {
				t.Errorf("%s with the right token: %d %v", client, w.Code, w.Header())
			}
		}
		time.Sleep(guessInterval)
		for range 20 { // right tokens do not count
			if w := ask(guesser, operatorToken); w.Code != 200 {
				t.Fatalf("after the interval: %d", w.Code)
			}
		}
	})
}
