package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/internal/service"
)

type demoCommand struct {
	Listen string `default:"127.0.0.1:4400" help:"Address for clients."`
	Admin  string `default:"127.0.0.1:4401" help:"Address for operators."`
}

// demoNodes are names as some hosts make them: with the hash of an image.
var demoNodes = []string{"gearbox-01J8ZC4T", "gearbox-01J8ZC9M", "gearbox-01J8ZCEQ"}

const demoCookie = "louche-demo-cookie"

// Run starts the nodes and the gateway. As in production, the gateway finds the nodes through
// EPMD and calls them over TCP.
func (d *demoCommand) Run(ctx context.Context, out output) error {
	cluster, err := demo.StartCluster(demo.NewBackend(), demoCookie, demoNodes...)
	if err != nil {
		return err
	}
	defer cluster.Stop()
	cfg := d.config(cluster.EPMDPort)
	if err := cfg.SetDefaults(); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	log, closeLog := cfg.Log.Open()
	defer closeLog()
	return service.Run(ctx, cfg, nil, log, func(clients, operators net.Addr) {
		banner(out, clients, operators, cluster.EPMDPort)
	})
}

func (d *demoCommand) config(epmd uint16) *config.Config {
	cfg := &config.Config{
		Listen:         d.Listen,
		Admin:          d.Admin,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Apps:           make([]config.App, 1),
	}
	cfg.Log.Level = "warn"
	cfg.Node.Name = "louche-demo@127.0.0.1"
	cfg.Node.Cookie = demoCookie
	app := &cfg.Apps[0]
	app.Schema = demo.Schema
	app.PubSub = demo.PubSub
	app.GraphiQL = gateway.GraphiQLOn
	app.HTTP.CORS.Loopback = true
	app.Discovery = discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "gearbox", EPMDPort: epmd}
	app.Context = auth.ContextConfig{
		"current_user_id": {Header: "X-User-Id", Type: auth.Type{Scalar: "integer"}},
	}
	return cfg
}

// demoQuery shows data, and the node that answered.
const demoQuery = `{ backend parts(limit: 3) { name price } }`

// demoSubscription waits for orders.
const demoSubscription = `subscription { orderChanged { id status total placedBy { name } } }`

func banner(out output, clients, operators net.Addr, epmd uint16) {
	fmt.Fprintf(out, `1. Open http://%[1]s/graphql in a browser: GraphiQL.
   Replace the operation with %[3]s
   and click the pink button (or press Ctrl-Enter). The book on the left has the schema.
2. Open http://%[2]s/console/ beside it: the nodes that answer, live.
   Click Drain at one of them and run the query again: "backend" never names that node.

3. Run %[5]s in GraphiQL: it waits.
   Order something from another terminal, and see the order in GraphiQL:

  curl -s http://%[1]s/graphql -H 'Content-Type: application/json' -H 'X-User-Id: 42' \
    -d '{"query":"mutation { placeOrder(lines: [{partId: \"p31\", quantity: 1}]) { id } }"}'

From your own frontend: pages of localhost, on any port, may use http://%[1]s/graphql.

  schema   http://%[2]s/schema.graphql
  metrics  http://%[2]s/metrics
  EPMD     127.0.0.1:%[4]d
`, clients, operators, demoQuery, epmd, demoSubscription)
	for _, name := range demoNodes {
		fmt.Fprintf(out, "  node     %s@127.0.0.1\n", name)
	}
	fmt.Fprint(out, "\nStop with Ctrl-C.\n")
}
