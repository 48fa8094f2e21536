package gateway

import (
	"net/http"
	"testing"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
)

// What is kept for one is never for another one, or for the same with other claims.
func TestIdentitiesOfContexts(t *testing.T) {
	claims := func(sub, role string) map[string]any { return map[string]any{"sub": sub, "role": role} }
	seen := make(map[string]int)
	for i, who := range []*auth.Identity{
		nil,
		{Method: "jwt", Subject: "1", Claims: claims("1", "user")},
		{Method: "jwt", Subject: "1", Claims: claims("1", "admin")},
		{Method: "jwt", Subject: "2", Claims: claims("2", "user")},
	} {
		var op, again rpcclient.Operation
		(&caller{identity: who, claims: auth.AppendClaims(nil, who)}).claim(&op)
		(&caller{identity: who, claims: auth.AppendClaims(nil, who)}).claim(&again)
		if other, known := seen[op.ContextKey]; known {
			t.Errorf("%d is taken for %d", i, other)
		}
		if op.ContextKey != again.ContextKey {
			t.Errorf("%d is not known again", i)
		}
		seen[op.ContextKey] = i
	}
}

func TestContextsEndWithTheirIdentity(t *testing.T) {
	who := &auth.Identity{Method: "jwt", Expires: time.Now()}
	var op rpcclient.Operation
	(&caller{identity: who, claims: auth.AppendClaims(nil, who)}).claim(&op)
	if !op.ContextExpires.Equal(who.Expires) {
		t.Errorf("expires %v, want %v", op.ContextExpires, who.Expires)
	}
}

func TestContextFailure(t *testing.T) {
	refused := &rpcclient.ContextError{Node: "app@host", Reason: `"locked"`}
	forbidden := &rpcclient.ContextError{Node: "app@host", Reason: ":forbidden", Forbidden: true}
	for _, tt := range []struct {
		err    error
		expose bool
		status int
	}{
		{refused, false, http.StatusUnauthorized},
		{refused, true, http.StatusUnauthorized},
		{forbidden, false, http.StatusForbidden},
		{forbidden, true, http.StatusForbidden},
	} {
		f := failureOf(tt.err, unreachableApp(t, nil, func(c *AppConfig) { c.ExposeErrors = tt.expose }))
		if f.status != tt.status || f.cause == nil || (f.message == tt.err.Error()) != tt.expose {
			t.Errorf("%v, exposed %v: %+v", tt.err, tt.expose, f)
		}
	}
}
