// Package contracttest makes contracts for tests.
package contracttest

import (
	"testing"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/schema"
)

// New returns a Contract with the defaults of its configuration and the schemas of these
// SDLs. complete says that the schema of every connected node is known.
func New(t testing.TB, cfg contract.Config, complete bool, sdls ...string) *contract.Contract {
	t.Helper()
	cfg.SetDefaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	var schemas []*schema.Schema
	for _, sdl := range sdls {
		s, err := schema.Load(sdl)
		if err != nil {
			t.Fatal(err)
		}
		schemas = append(schemas, s)
	}
	return contract.NewStatic(cfg, complete, schemas...)
}
