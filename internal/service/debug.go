package service

import "github.com/louche-graphql/louche/internal/config"

// applyDebug gives the gateway the configuration that operators see, or none.
func (s *service) applyDebug(cfg *config.Config) {
	if !cfg.Debug {
		s.gateway.SetDebug(nil)
		return
	}
	effective, err := cfg.Effective()
	if err != nil {
		s.log.Error("the effective configuration cannot be printed", "reason", err)
	}
	s.gateway.SetDebug(effective)
}
