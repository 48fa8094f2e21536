// Package contract compares operations with the schemas of an application's nodes, and
// counts what clients use of them. It must never know HTTP or run an operation.
package contract

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

const (
	// probeInterval is the time between two probes of a node: code can be replaced while
	// a node runs.
	probeInterval = 5 * time.Second
	// probeTimeout bounds one probe.
	probeTimeout = 30 * time.Second
	// maxComparedPairs bounds the pairs of schemas whose difference has been logged.
	maxComparedPairs = 64
)

// A Contract holds the schemas of one application's nodes. It probes each node while the
// gateway is connected to it. Equal schemas are kept once.
type Contract struct {
	cfg      Config
	absinthe rpcclient.AbsintheConfig
	log      *slog.Logger

	mu    sync.Mutex
	nodes map[*rpcclient.NodeConn]*schema.Schema // nil: unknown or unreadable
	pairs map[[2]string]bool                     // of hashes, logged

	subscribersWarning sync.Once

	current     atomic.Pointer[schemaSnapshot]
	validations *validationCache
	counts      *Counts
	usage       *usage // nil: usage is off
}

// schemaSnapshot has the schemas of the nodes at one moment. It does not change.
type schemaSnapshot struct {
	schemas  []*schema.Schema // different ones, that of most nodes first
	complete bool             // the schema of every connected node is known
}

// find returns the schema with a hash; nil: no node has it.
func (s *schemaSnapshot) find(hash string) *schema.Schema {
	for _, known := range s.schemas {
		if known.Hash() == hash {
			return known
		}
	}
	return nil
}

// New returns a Contract that probes the nodes of an application's pool. The pool has no
// node yet. Counts go on in counts.
func New(cfg Config, app *rpcclient.Absinthe, counts *Counts, log *slog.Logger) *Contract {
	c := NewStatic(cfg, false)
	c.absinthe, c.counts, c.log = app.Config, counts, log.With("schema", app.Config.Schema)
	c.nodes, c.pairs = make(map[*rpcclient.NodeConn]*schema.Schema), make(map[[2]string]bool)
	app.Pool.AddInspector(c.inspect)
	return c
}

// NewStatic returns a Contract of known schemas, which probes no node. The schema of most
// nodes is the first. complete says that the schema of every connected node is known.
func NewStatic(cfg Config, complete bool, schemas ...*schema.Schema) *Contract {
	c := &Contract{cfg: cfg, log: slog.New(slog.DiscardHandler), validations: newValidationCache(), counts: new(Counts)}
	if cfg.Usage {
		c.usage = newUsage()
	}
	c.current.Store(&schemaSnapshot{schemas: schemas, complete: complete})
	return c
}

// inspect probes a node until its connection ends.
func (c *Contract) inspect(ctx context.Context, node *rpcclient.NodeConn) {
	defer c.update(func() { delete(c.nodes, node) })
	c.update(func() { c.nodes[node] = nil })
	var state probeState
	for {
		c.probe(ctx, node, &state)
		select {
		case <-time.After(probeInterval):
		case <-ctx.Done():
			return
		}
	}
}

// probeState is what the latest probe of a node found.
type probeState struct {
	fingerprint string // of the code whose schema is known
	missing     bool
	incomplete  bool   // the latest description
	problem     string // logged
}

// probe reads the schema of a node, unless it is known and unchanged.
func (c *Contract) probe(ctx context.Context, node *rpcclient.NodeConn, state *probeState) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	s, err := c.read(ctx, node, state)
	switch {
	case err != nil:
		c.logProblem(ctx, node, state, err)
	case s != nil:
		state.problem = ""
		c.setSchema(node, s)
	}
}

// read returns the schema of a node; nil: it is missing, or as it was.
func (c *Contract) read(ctx context.Context, node *rpcclient.NodeConn, state *probeState) (*schema.Schema, error) {
	has, err := c.absinthe.HasSchema(ctx, node)
	if err != nil {
		return nil, err
	}
	if !has {
		c.setMissing(ctx, node, state)
		return nil, nil
	}
	if state.missing {
		state.missing = false
		c.update(func() { c.nodes[node] = nil })
		node.SetSchema(rpcclient.SchemaState{})
	}
	fingerprint, err := c.absinthe.Fingerprint(ctx, node)
	if err != nil || fingerprint == state.fingerprint {
		return nil, err
	}
	description, err := c.absinthe.Describe(ctx, node, schema.Introspection)
	if err != nil {
		return nil, err
	}
	// The hash without a part differs from that of the same schema with both, so the
	// gateway asks once more for the description, and takes it if it is still incomplete.
	if description.Incomplete != nil && (!state.incomplete || ctx.Err() != nil) {
		state.incomplete = true
		return nil, description.Incomplete
	}
	state.incomplete = description.Incomplete != nil
	state.fingerprint = fingerprint // until the code changes, the description is the same
	s, err := schema.FromNode(description.SDL, description.Introspection)
	if err != nil {
		c.update(func() { c.nodes[node] = nil })
		node.SetSchema(rpcclient.SchemaState{Unreadable: true})
	}
	return s, err
}

// setMissing takes a node without the schema's module out of the contract.
func (c *Contract) setMissing(ctx context.Context, node *rpcclient.NodeConn, state *probeState) {
	if !state.missing {
		others, _ := rpcclient.SchemaModules(ctx, node) // a hint; its absence is no failure
		c.log.Warn("node lacks the schema and gets no calls", "node", node.Name(), "schemas_there", others)
		node.SetSchema(rpcclient.SchemaState{Missing: true})
		c.update(func() { delete(c.nodes, node) })
	}
	*state = probeState{missing: true}
}

// logProblem logs why the schema of a node is unknown, once. A lost connection is no
// problem: the next one probes again.
func (c *Contract) logProblem(ctx context.Context, node *rpcclient.NodeConn, state *probeState, err error) {
	if errors.Is(ctx.Err(), context.Canceled) || rpcclient.IsLost(err) || err.Error() == state.problem {
		return
	}
	state.problem = err.Error()
	c.log.Warn("the schema of a node cannot be read", "node", node.Name(), "reason", err)
}

// setSchema sets the schema of a node.
func (c *Contract) setSchema(node *rpcclient.NodeConn, s *schema.Schema) {
	c.update(func() {
		for _, other := range c.nodes {
			if other != nil && other.Hash() == s.Hash() {
				s = other
			}
		}
		c.nodes[node] = s
		node.SetSchema(rpcclient.SchemaState{Hash: s.Hash()}) // before a validation selects nodes by it
	})
	if s.HasSubscriptions() && !c.cfg.Publishes {
		c.subscribersWarning.Do(func() {
			c.log.Warn("the schema has subscriptions, and mutations do not reach their subscribers: set pubsub of the application to the module that Absinthe.Plug is given, such as MyAppWeb.Endpoint")
		})
	}
}

// update changes c.nodes and takes a new snapshot.
func (c *Contract) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	next := &schemaSnapshot{complete: len(c.nodes) > 0}
	count := make(map[*schema.Schema]int)
	for _, s := range c.nodes {
		if s == nil {
			next.complete = false
			continue
		}
		if count[s]++; count[s] == 1 {
			next.schemas = append(next.schemas, s)
		}
	}
	slices.SortFunc(next.schemas, func(a, b *schema.Schema) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a.Hash(), b.Hash()))
	})
	c.current.Store(next)
	c.logDifferences(next.schemas)
}

// logDifferences logs the difference of each pair of schemas once. c.mu is held.
func (c *Contract) logDifferences(schemas []*schema.Schema) {
	for i := 1; i < len(schemas); i++ {
		common, other := schemas[0], schemas[i]
		pair := [2]string{min(common.Hash(), other.Hash()), max(common.Hash(), other.Hash())}
		if c.pairs[pair] {
			continue
		}
		if len(c.pairs) >= maxComparedPairs {
			clear(c.pairs)
		}
		c.pairs[pair] = true
		c.log.Warn("nodes have different schemas", "a", common.ShortHash(), "a_nodes", c.nodesWith(common), "b", other.ShortHash(), "b_nodes", c.nodesWith(other),
			"from_a_to_b", schema.Summary(schema.Diff(common, other), 8))
	}
}

// nodesWith returns the names of the nodes that have a schema. c.mu is held.
func (c *Contract) nodesWith(s *schema.Schema) (names []string) {
	for node, other := range c.nodes {
		if other == s {
			names = append(names, node.Name())
		}
	}
	slices.Sort(names)
	return names
}

// Schema returns the schema of most nodes; nil: none is known.
func (c *Contract) Schema() *schema.Schema {
	if schemas := c.current.Load().schemas; len(schemas) > 0 {
		return schemas[0]
	}
	return nil
}

// SDL returns the schema of most nodes in the schema definition language; "": none is known.
func (c *Contract) SDL() string {
	if s := c.Schema(); s != nil {
		return s.SDL()
	}
	return ""
}

// Hashes returns the short hashes of the nodes' schemas, that of most nodes first.
func (c *Contract) Hashes() []string {
	list := []string{}
	if c != nil {
		for _, s := range c.current.Load().schemas {
			list = append(list, s.ShortHash())
		}
	}
	return list
}

// ShortHash returns the short hash of a node's schema; "": it is unknown.
func (c *Contract) ShortHash(state rpcclient.SchemaState) string {
	if c != nil {
		if s := c.current.Load().find(state.Hash); s != nil {
			return s.ShortHash()
		}
	}
	return ""
}

// AllowsSDL reports whether operators, or if public is set clients, may read the schema.
func (c *Contract) AllowsSDL(public bool) bool {
	return c != nil && (c.cfg.SDL == SDLPublic || !public && c.cfg.SDL == SDLAdmin)
}
