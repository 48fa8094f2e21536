package engine

import (
	"testing"
	"time"

	"github.com/louche-graphql/louche/auth"
)

// claimsOf returns a call with the claims of an identity.
func claimsOf(identity *auth.Identity) (call Call) {
	(&Caller{identity: identity, claims: auth.AppendClaims(nil, identity)}).setClaims(&call)
	return call
}

// The key of a cached context is the same for equal claims, and differs for others, also
// those of the same subject.
func TestContextKeys(t *testing.T) {
	claims := func(subject, role string) map[string]any { return map[string]any{"sub": subject, "role": role} }
	seen := make(map[string]int)
	for i, identity := range []*auth.Identity{
		nil,
		{Method: "jwt", Subject: "1", Claims: claims("1", "user")},
		{Method: "jwt", Subject: "1", Claims: claims("1", "admin")},
		{Method: "jwt", Subject: "2", Claims: claims("2", "user")},
	} {
		key := claimsOf(identity).ContextKey
		if key == "" {
			t.Errorf("identity %d has no key", i)
		}
		if other, known := seen[key]; known {
			t.Errorf("identities %d and %d have the same key", i, other)
		}
		if claimsOf(identity).ContextKey != key {
			t.Errorf("identity %d has two keys", i)
		}
		seen[key] = i
	}
}

func TestContextExpiresWithIdentity(t *testing.T) {
	identity := &auth.Identity{Method: "jwt", Expires: time.Now()}
	if call := claimsOf(identity); !call.ContextExpires.Equal(identity.Expires) {
		t.Errorf("expires %v, want %v", call.ContextExpires, identity.Expires)
	}
}

// A caller whose claims the upstream does not need has none, and no key.
func TestCallWithoutClaims(t *testing.T) {
	var call Call
	(&Caller{identity: &auth.Identity{Method: "jwt", Expires: time.Now()}}).setClaims(&call)
	if call.Claims != nil || call.ContextKey != "" || !call.ContextExpires.IsZero() {
		t.Errorf("%+v", call)
	}
}
