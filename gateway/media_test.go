package gateway

import (
	"net/http/httptest"
	"testing"
)

func TestNotAcceptable(t *testing.T) {
	r := post(`{"query":"{ a }"}`)
	r.Header.Set("Accept", "text/html")
	if status, code := ask(t, unreachable(t, Limits{}, nil), r); status != 406 || code != "NOT_ACCEPTABLE" {
		t.Errorf("%d %s", status, code)
	}
}

// Errors of the gateway have the media type that the client prefers.
func TestErrorsAreNegotiated(t *testing.T) {
	r := post(`{"query":1}`)
	r.Header.Set("Accept", "application/graphql-response+json")
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil).ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); w.Code != 400 || got != "application/graphql-response+json; charset=utf-8" {
		t.Errorf("%d as %s", w.Code, got)
	}
}
