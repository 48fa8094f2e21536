package ratelimit

import (
	"log/slog"
	"time"
)

// A Store holds the counters of all applications. While the Redis that is meant to
// hold them cannot be used, they are counted in memory.
type Store struct {
	memory   *memory
	shared   *shared       // nil: there is no Redis
	patience time.Duration // with it
}

// NewStore makes a store. It reads the password and certificates, but does not wait
// for a connection: log says what became of it.
func NewStore(cfg RedisConfig, log *slog.Logger) (*Store, error) {
	s := &Store{memory: newMemory(), patience: patience}
	if cfg.Address == "" {
		return s, nil
	}
	var err error
	s.shared, err = newShared(cfg, log)
	return s, err
}

// Close lets Redis go.
func (s *Store) Close() {
	if s.shared != nil {
		s.shared.close()
	}
}

// charge notes in charges what their counters say, and counts one operation on all
// of them if all admit it.
func (s *Store) charge(charges []charge) (admitted bool) {
	if s.shared != nil && s.shared.take() {
		admitted, err := s.shared.charge(charges, s.patience)
		s.shared.leave()
		if err == nil {
			return admitted
		}
		s.shared.lost(err)
	}
	return s.memory.charge(charges)
}
