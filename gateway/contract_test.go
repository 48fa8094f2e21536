package gateway

import (
	"testing"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/schema"
)

// testContract returns a Contract with the defaults of its configuration. All nodes have the
// schema of this SDL.
func testContract(t testing.TB, cfg contract.Config, sdl string) *contract.Contract {
	t.Helper()
	cfg.SetDefaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(sdl)
	if err != nil {
		t.Fatal(err)
	}
	return contract.NewStatic(cfg, true, s)
}
