package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/schema"
)

// ContractConfig is what is done with the schema that the nodes tell.
type ContractConfig struct {
	// SDL is who may read it at {path}/schema.graphql: admin, which is on the
	// operators' listener alone, public, or off. admin unless set.
	SDL string `yaml:"sdl" env:"SDL"`
	// Validation is what is done about operations that fit no node's schema: off,
	// report, which counts and logs where Absinthe runs one all the same, or
	// enforce, which refuses them without asking a node. off unless set.
	Validation string `yaml:"validate" env:"VALIDATE"`
	// Pin has an operation go only to nodes whose schema it fits, where nodes have
	// different ones.
	Pin bool `yaml:"pin" env:"PIN"`
	// Usage counts which fields and arguments clients use.
	Usage bool `yaml:"usage" env:"USAGE"`
	// Publishes is whether mutations can reach subscribers. A schema that has
	// subscriptions is logged where they cannot.
	Publishes bool `yaml:"-"`
}

// SetDefaults fills what was left out.
func (c *ContractConfig) SetDefaults() {
	if c.SDL == "" {
		c.SDL = "admin"
	}
	if c.Validation == "" {
		c.Validation = "off"
	}
}

// Validate says what is wrong, naming the key.
func (c *ContractConfig) Validate() error {
	if !slices.Contains([]string{"off", "admin", "public"}, c.SDL) {
		return keypath.In(keypath.Errorf("sdl", "is not off, admin or public"), "contract")
	}
	if !slices.Contains([]string{"off", "report", "enforce"}, c.Validation) {
		return keypath.In(keypath.Errorf("validate", "is not off, report or enforce"), "contract")
	}
	return nil
}

const (
	// reexamine is the time between two looks at a node whether it has another
	// schema now: code can be replaced while a node runs.
	reexamine = 5 * time.Second
	// askTime bounds one look.
	askTime = 30 * time.Second
	// rememberedPairs bounds the pairs of schemas of which the difference has been
	// logged.
	rememberedPairs = 64
)

// A Contract is what the nodes of one application say that they answer. Each is
// asked for its schema when it is connected to; the same schema is kept once.
type Contract struct {
	cfg      ContractConfig
	absinthe rpcclient.AbsintheConfig
	log      *slog.Logger

	mu    sync.Mutex
	nodes map[*rpcclient.NodeConn]*schema.Schema // nil: it has not told, or what cannot be read
	pairs map[[2]string]bool                     // of hashes, logged

	unpublished sync.Once // the warning that subscribers are not reached

	current  atomic.Pointer[agreement]
	verdicts *verdicts
	counts   counts
	usage    *usage // nil: it is not counted
}

// agreement is what the nodes answer at a moment. It does not change.
type agreement struct {
	schemas []*schema.Schema // different ones, that of most nodes first
	all     bool             // every connected node has told its schema
}

// schema returns the schema of this hash, nil if no node has it.
func (a *agreement) schema(hash string) *schema.Schema {
	for _, s := range a.schemas {
		if s.Hash() == hash {
			return s
		}
	}
	return nil
}

// NewContract begins to ask the nodes of an application's pool, which has none yet.
func NewContract(cfg ContractConfig, app *rpcclient.Absinthe, log *slog.Logger) *Contract {
	c := &Contract{
		cfg:      cfg,
		absinthe: app.Config,
		log:      log.With("schema", app.Config.Schema),
		nodes:    make(map[*rpcclient.NodeConn]*schema.Schema),
		pairs:    make(map[[2]string]bool),
		verdicts: newVerdicts(),
	}
	if cfg.Usage {
		c.usage = newUsage()
	}
	c.current.Store(&agreement{})
	app.Pool.SetInspector(c.inspect)
	return c
}

// inspect asks a node as long as it is connected.
func (c *Contract) inspect(ctx context.Context, link *rpcclient.NodeConn) {
	defer c.change(func() { delete(c.nodes, link) })
	c.change(func() { c.nodes[link] = nil })
	var e examination
	for {
		c.examine(ctx, link, &e)
		select {
		case <-time.After(reexamine):
		case <-ctx.Done():
			return
		}
	}
}

// examination is what is known of a node from the last look at it.
type examination struct {
	fingerprint string // of the code whose schema is known
	lacking     bool
	incomplete  bool   // the last description
	problem     string // logged
}

// examine looks whether the node has the schema, and asks for it unless it is
// known.
func (c *Contract) examine(ctx context.Context, link *rpcclient.NodeConn, e *examination) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	has, err := c.absinthe.HasSchema(ctx, link)
	if err == nil && !has {
		if !e.lacking {
			others, _ := rpcclient.SchemaModules(ctx, link) // a suggestion; its absence is no failure
			c.log.Warn("node lacks the schema and gets no calls", "node", link.Name(), "schemas_there", others)
			link.SetSchema(rpcclient.SchemaState{Missing: true})
			c.change(func() { delete(c.nodes, link) })
		}
		*e = examination{lacking: true}
		return
	}
	var fingerprint string
	if err == nil {
		fingerprint, err = c.absinthe.Fingerprint(ctx, link)
	}
	if err == nil && fingerprint == e.fingerprint {
		return
	}
	e.lacking = false
	var told rpcclient.Description
	if err == nil {
		told, err = c.absinthe.Describe(ctx, link, schema.Introspection)
	}
	if err == nil && told.Incomplete != nil && (!e.incomplete || ctx.Err() != nil) {
		// The hash without a part differs from that of the same schema with both, so
		// the description is asked for again, and taken as it is if it stays so.
		e.incomplete, err = true, told.Incomplete
		told = rpcclient.Description{}
	}
	var s *schema.Schema
	if err == nil {
		e.incomplete = told.Incomplete != nil
		// Whatever it told: until its code changes, it will tell the same.
		e.fingerprint = fingerprint
		s, err = schema.FromNode(told.SDL, told.Introspection)
	}
	if err != nil {
		var lost *erldist.LostError // the node will be asked again over the next connection
		if ctx.Err() == nil && !errors.As(err, &lost) && err.Error() != e.problem {
			e.problem = err.Error()
			c.log.Warn("the schema of a node cannot be read", "node", link.Name(), "reason", err)
		}
		if told.SDL != "" { // it is another one than before
			c.change(func() { c.nodes[link] = nil })
			link.SetSchema(rpcclient.SchemaState{Unreadable: true})
		}
		return
	}
	e.problem = ""
	c.adopt(link, s)
}

// adopt notes the schema that a node told.
func (c *Contract) adopt(link *rpcclient.NodeConn, s *schema.Schema) {
	c.change(func() {
		for _, other := range c.nodes {
			if other != nil && other.Hash() == s.Hash() {
				s = other
			}
		}
		c.nodes[link] = s
		link.SetSchema(rpcclient.SchemaState{Hash: s.Hash()}) // before requests are held against it
	})
	if s.HasSubscriptions() && !c.cfg.Publishes {
		c.unpublished.Do(func() {
			c.log.Warn("the schema has subscriptions, and mutations do not reach their subscribers: set pubsub of the application to the module that Absinthe.Plug is given, such as MyAppWeb.Endpoint")
		})
	}
}

// change changes what is known of the nodes, and draws the conclusions.
func (c *Contract) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	next := &agreement{all: len(c.nodes) > 0}
	count := make(map[*schema.Schema]int)
	for _, s := range c.nodes {
		if s == nil {
			next.all = false
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
	c.compare(next.schemas)
}

// compare logs the difference between two schemas once. c.mu is held.
func (c *Contract) compare(schemas []*schema.Schema) {
	for i := 1; i < len(schemas); i++ {
		common, other := schemas[0], schemas[i]
		pair := [2]string{min(common.Hash(), other.Hash()), max(common.Hash(), other.Hash())}
		if c.pairs[pair] {
			continue
		}
		if len(c.pairs) >= rememberedPairs {
			clear(c.pairs)
		}
		c.pairs[pair] = true
		c.log.Warn("nodes have different schemas", "a", common.ShortHash(), "a_nodes", c.having(common), "b", other.ShortHash(), "b_nodes", c.having(other),
			"from_a_to_b", schema.Summary(schema.Diff(common, other), 8))
	}
}

// having names the nodes that have a schema. c.mu is held.
func (c *Contract) having(s *schema.Schema) (names []string) {
	for link, other := range c.nodes {
		if other == s {
			names = append(names, link.Name())
		}
	}
	slices.Sort(names)
	return names
}

// served is the schema that most nodes have, nil if none is known.
func (c *Contract) served() *schema.Schema {
	if schemas := c.current.Load().schemas; len(schemas) > 0 {
		return schemas[0]
	}
	return nil
}

// hashes are the schemas that nodes have, as they are shown in the status.
func (c *Contract) hashes() []string {
	list := []string{}
	if c == nil {
		return list
	}
	for _, s := range c.current.Load().schemas {
		list = append(list, s.ShortHash())
	}
	return list
}

// shortHash shortens the hash of a node's schema for the status. It is empty while the
// schema is unknown.
func (c *Contract) shortHash(state rpcclient.SchemaState) string {
	if c != nil {
		if s := c.current.Load().schema(state.Hash); s != nil {
			return s.ShortHash()
		}
	}
	return ""
}
