package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
)

func TestUnknownErrorsAreHidden(t *testing.T) {
	e := new(Engine)
	err := errors.New("a secret")
	if got := e.Error(err); got.Class != operation.Internal || got.Code != "INTERNAL" || strings.Contains(got.Message, "secret") {
		t.Errorf("%+v", got)
	}
	e.Config.ExposeErrors = true
	if got := e.Error(err); !strings.Contains(got.Message, "secret") {
		t.Errorf("expose_errors shows %q", got.Message)
	}
}
