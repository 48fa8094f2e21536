package service

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// A Prober probes nodes for commands. It has a node of its own.
type Prober struct {
	node      *rpcclient.Node
	maxAnswer int // limits.answer
}

// NewProber starts the node. Its name is the gateway's with a suffix: a node refuses a
// second connection of one name, and the gateway may be connected to it.
func NewProber(cfg *config.Config, suffix string) (*Prober, error) {
	local, host, _ := strings.Cut(cfg.Node.Name, "@")
	nodeConfig := cfg.Node
	nodeConfig.Name = local + "-" + suffix + "@" + host
	node, err := rpcclient.Start(nodeConfig, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &Prober{node, cfg.Limits.Answer}, nil
}

// Close stops the node.
func (p *Prober) Close() { p.node.Stop() }

// ProbeResult is the result of the probe of one node.
type ProbeResult struct {
	rpcclient.Probe
	Addr      rpcclient.NodeAddr
	Err       error          // of the connection or a call
	Schema    *schema.Schema // nil if the node has none that can be read
	SchemaErr error          // why the schema cannot be read
}

// Discover polls the discovery of an application once.
func (p *Prober) Discover(ctx context.Context, app *config.App) ([]rpcclient.NodeAddr, []discovery.Problem) {
	report := discovery.New(app.Discovery, net.DefaultResolver, slog.New(slog.DiscardHandler)).Poll(ctx)
	return nodeAddrs(report.Nodes), report.Problems
}

// Probe connects to a node and reads its schema, within timeout.
func (p *Prober) Probe(ctx context.Context, addr rpcclient.NodeAddr, app *config.App, timeout time.Duration) ProbeResult {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r := ProbeResult{Addr: addr}
	if r.Probe, r.Err = p.node.Probe(ctx, addr, app.AbsintheConfig, schema.Introspection); r.Err != nil || !r.HasSchema {
		return r
	}
	if r.SchemaErr = r.DescribeErr; r.SchemaErr == nil {
		r.Schema, r.SchemaErr = schema.FromNode(r.Description.SDL, r.Description.Introspection)
	}
	return r
}

// Forget removes the modules of prepared documents from a node, within timeout, and returns
// their names.
func (p *Prober) Forget(ctx context.Context, addr rpcclient.NodeAddr, timeout time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.node.Forget(ctx, addr)
}

// ProbeAll probes nodes at once.
func (p *Prober) ProbeAll(ctx context.Context, addrs []rpcclient.NodeAddr, app *config.App, timeout time.Duration) []ProbeResult {
	results := make([]ProbeResult, len(addrs))
	var probes sync.WaitGroup
	for i, addr := range addrs {
		probes.Go(func() { results[i] = p.Probe(ctx, addr, app, timeout) })
	}
	probes.Wait()
	return results
}
