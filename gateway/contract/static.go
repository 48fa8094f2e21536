package contract

import (
	"log/slog"

	"github.com/louche-graphql/louche/schema"
)

// NewStatic returns a Contract of known schemas, for tests and tools. The schema of most
// nodes is the first. complete says that the schema of every connected node is known.
func NewStatic(cfg Config, complete bool, schemas ...*schema.Schema) *Contract {
	c := &Contract{cfg: cfg, log: slog.New(slog.DiscardHandler), validations: newValidationCache(), counts: new(Counts)}
	if cfg.Usage {
		c.usage = newUsage()
	}
	c.current.Store(&schemaSnapshot{schemas: schemas, complete: complete})
	return c
}
