package doctor

import (
	"context"
	"fmt"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/ratelimit"
)

func (e *examination) checkRedis() {
	if e.cfg.Redis.Address == "" {
		return
	}
	if err := ratelimit.CheckRedis(e.cfg.Redis); err != nil {
		e.report(Finding{"redis", Failed, oneLine(err.Error()), "check redis.address, redis.password and redis.tls, and the rights of the user (docs/configuration.md#redis-rate-limits-of-several-gateways-together); without Redis each gateway counts alone"})
		return
	}
	e.report(Finding{"redis", Passed, e.cfg.Redis.Address, ""})
}

// checkKeySets fetches the keys of issuers.
func (e *examination) checkKeySets(ctx context.Context, app *config.App) {
	for _, source := range app.Auth.KeySets() {
		ctx, cancel := context.WithTimeout(ctx, e.timeout)
		keys, err := source.Check(ctx)
		cancel()
		if err != nil {
			e.report(Finding{"key set", Failed, fmt.Sprintf("%s: %s: %s", app.Path, source.Issuer, oneLine(err.Error())), "let this host reach the issuer, and check jwt.issuer, jwt.jwks and jwt.ca_file; until then its tokens get 503"})
			continue
		}
		e.report(Finding{"key set", Passed, fmt.Sprintf("%s: %d keys of %s", app.Path, keys, source.Issuer), ""})
	}
}
