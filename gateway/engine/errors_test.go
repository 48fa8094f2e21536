package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
)

func TestErrorClasses(t *testing.T) {
	for _, test := range []struct {
		err   error
		class operation.Class
	}{
		{auth.ErrForbidden, operation.Forbidden},
		{errors.Join(auth.ErrUnauthenticated), operation.Unauthenticated},
		{fmt.Errorf("%w: reason", auth.ErrInvalidCredentials), operation.Unauthenticated},
		{auth.ErrUnavailable, operation.Unavailable},
		{auth.ErrInvalidValue, operation.BadRequest},
		{fmt.Errorf("wrapped: %w", errNotTrusted), operation.Forbidden},
		{errors.New("of unknown kind"), operation.Internal},
	} {
		if e := new(Engine).Error(test.err); e.Class != test.class {
			t.Errorf("%v: class %d, want %d", test.err, e.Class, test.class)
		}
	}
}

// The error of a forbidden operation names what is missing, and never a required value. An
// anonymous client is asked to authenticate.
func TestErrorsOfAuthorization(t *testing.T) {
	a, err := auth.NewAuthenticator(auth.Config{Anonymous: "allow", Operations: []auth.OperationRule{
		{Kind: "mutation", Require: auth.Requirement{Scopes: []string{"write"}}},
		{Name: "Delete", Require: auth.Requirement{Claims: map[string]any{"role": "secret"}}},
	}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		identity   *auth.Identity
		kind, name string
		class      operation.Class
		message    string
	}{
		{nil, "mutation", "", operation.Unauthenticated, "Authentication is required."},
		{&auth.Identity{}, "mutation", "", operation.Forbidden, "This is not allowed: the scope write is missing."},
		{&auth.Identity{}, "query", "Delete", operation.Forbidden, "This is not allowed: the claim role does not have a required value."},
	} {
		e := new(Engine).Error(a.Authorize(test.identity, test.kind, test.name))
		if e.Class != test.class || e.Message != test.message || strings.Contains(e.Message, "secret") {
			t.Errorf("%s %s: class %d, %s, want class %d, %s", test.kind, test.name, e.Class, e.Message, test.class, test.message)
		}
	}
}
