package transport

import (
	"fmt"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

func TestChallenge(t *testing.T) {
	missing, invalid := fmt.Errorf("%w: reason", auth.ErrUnauthenticated), fmt.Errorf("%w: reason", auth.ErrInvalidCredentials)
	for _, c := range []struct {
		cause error
		read  []string // by the authentication methods
		want  string
	}{
		{missing, []string{"X-Api-Key", "Authorization"}, `Bearer realm="louche"`},
		{invalid, []string{"Authorization"}, `Bearer realm="louche", error="invalid_token"`},
		{invalid, []string{"X-Api-Key", "Cookie"}, ""},
		{missing, nil, ""},
	} {
		header := (&Handler{authHeaders: c.read}).challenge(c.cause)
		if header[1] != c.want || (header[0] == "WWW-Authenticate") != (c.want != "") {
			t.Errorf("%v: %v", c, header)
		}
	}
}
