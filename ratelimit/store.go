package ratelimit

import (
	"log/slog"
	"time"
)

// A Store holds the counters of all applications: in Redis if it is configured and
// available, else in memory.
type Store struct {
	memory       *memoryCounters
	redis        *redisCounters // nil: not configured
	redisTimeout time.Duration
}

// NewStore returns a store. It reads the password and the certificates. It connects in the
// background, and logs failures.
func NewStore(cfg RedisConfig, log *slog.Logger) (*Store, error) {
	return newStore(cfg, redisTimeouts, log)
}

func newStore(cfg RedisConfig, t timeouts, log *slog.Logger) (*Store, error) {
	s := &Store{memory: newMemoryCounters(), redisTimeout: t.operation}
	if cfg.Address == "" {
		return s, nil
	}
	var err error
	s.redis, err = newRedisCounters(cfg, t, log)
	return s, err
}

// Close closes the connections to Redis.
func (s *Store) Close() {
	if s.redis != nil {
		s.redis.close()
	}
}

// charge sets the counts of charges, and charges their counters if all admit the operation.
func (s *Store) charge(charges []charge) (admitted bool) {
	if s.redis != nil && s.redis.acquire() {
		admitted, err := s.redis.charge(charges, s.redisTimeout)
		s.redis.release()
		if err == nil {
			return admitted
		}
		s.redis.markDown(err)
	}
	return s.memory.charge(charges)
}
