package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// Ask runs an operation on one node of an application, and returns the response. It tries the
// next node only if it cannot connect to one: a mutation runs at most once.
func (p *Prober) Ask(ctx context.Context, app *config.App, op rpcclient.Operation) (response []byte, err error) {
	addrs, problems := p.Discover(ctx, app)
	order := schema.NewDocumentCache(1).Get(op.Document).Operation(op.Name).Order(op.Variables)
	errs := []error{errors.New("no node answered")}
	for _, addr := range addrs {
		if _, err := p.node.Probe(ctx, addr, app.AbsintheConfig, ""); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", addr.Name, err))
			continue
		}
		return p.node.RunOnce(ctx, addr, app.AbsintheConfig, op, order, p.maxAnswer)
	}
	for _, problem := range problems {
		errs = append(errs, fmt.Errorf("%s: %w", problem.Source, problem.Err))
	}
	return nil, errors.Join(errs...)
}
