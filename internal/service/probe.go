package service

import (
	"context"
	"log/slog"
	"net"
	"strings"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/rpcclient"
)

// StartProbe starts a node that probes others. Its name ends in purpose: nodes refuse a
// second connection of one name, and the gateway may be connected to them.
func StartProbe(cfg *config.Config, purpose string) (*rpcclient.Node, error) {
	local, host, _ := strings.Cut(cfg.Node.Name, "@")
	cfg.Node.Name = local + "-" + purpose + "@" + host
	return rpcclient.Start(cfg.Node, slog.New(slog.DiscardHandler))
}

// Discover polls the discovery of an application once.
func Discover(ctx context.Context, app *config.App) ([]rpcclient.NodeAddr, []discovery.Problem) {
	report := discovery.New(app.Discovery, net.DefaultResolver, slog.New(slog.DiscardHandler)).Poll(ctx)
	return nodeAddrs(report.Nodes), report.Problems
}
