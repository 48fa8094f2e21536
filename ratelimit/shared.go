package ratelimit

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// patience bounds how long an operation waits for Redis. The first that waited
	// in vain is the last until Redis has been found to answer again, but for those
	// that waited with it.
	patience = 50 * time.Millisecond
	// pause is between two attempts to use a Redis that could not be used.
	pause = 2 * time.Second
	// dialTimeout bounds how long a connection takes to be made, in the background.
	dialTimeout = time.Second
	// connections to Redis are at most so many. One does some 10,000 charges a
	// second.
	connections = 16
)

//go:embed charge.lua
var chargeText string

var chargeScript = redis.NewScript(chargeText)

// shared keeps counters in Redis. A script counts, so that gateways together admit
// what one alone would, and by the clock of the server.
type shared struct {
	client *redis.Client
	prefix string
	log    *slog.Logger
	turns  chan struct{} // has room for those that use a connection
	up     atomic.Bool   // whether Redis is to be asked
	failed chan error    // why up is false now
	stop   func()        // returns when nothing is done in the background any more
}

func newShared(cfg RedisConfig, log *slog.Logger) (*shared, error) {
	password, encryption, err := cfg.readFiles()
	if err != nil {
		return nil, err
	}
	logging.Disable() // what it says of single connections; watch says what matters
	s := &shared{
		prefix: cfg.Prefix,
		log:    log.With("redis", cfg.Address),
		turns:  make(chan struct{}, connections),
		failed: make(chan error, 1),
		client: redis.NewClient(&redis.Options{
			Addr:                     cfg.Address,
			Username:                 cfg.Username,
			Password:                 password,
			DB:                       cfg.Database,
			TLSConfig:                encryption,
			DialTimeout:              dialTimeout,
			DialerRetries:            1,
			MaxRetries:               -1, // an operation that was counted would count again
			ReadTimeout:              dialTimeout,
			ContextTimeoutEnabled:    true,
			PoolSize:                 connections + 1, // one for probe
			DisableIdentity:          true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.stop = func() {
		cancel()
		<-done
	}
	go func() {
		defer close(done)
		s.watch(ctx)
	}()
	return s, nil
}

func (s *shared) close() {
	s.stop()
	s.client.Close()
}

// watch has Redis asked while it can be used. It logs when an outage begins and when
// it is over.
func (s *shared) watch(ctx context.Context) {
	told := false
	failed := func(err error) {
		if !told && ctx.Err() == nil {
			s.log.Warn("rate limits are counted in memory, by each gateway alone: Redis cannot be used", "cause", err)
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	for ctx.Err() == nil {
		if err := s.probe(); err != nil {
			failed(err)
			continue
		}
		if told {
			s.log.Info("rate limits are counted in Redis again")
			told = false
		}
		s.up.Store(true)
		select {
		case <-ctx.Done():
		case err := <-s.failed:
			failed(err)
		}
	}
}

// lost has nobody ask Redis until it answers again.
func (s *shared) lost(err error) {
	if s.up.CompareAndSwap(true, false) {
		s.failed <- err
	}
}

// probe finds out whether Redis counts, as fast as operations need it once there is
// a connection.
func (s *shared) probe() error {
	probe := []charge{{cost: 1, limit: 1 << 40, per: time.Second}}
	if _, err := s.charge(probe, dialTimeout); err != nil {
		return err
	}
	_, err := s.charge(probe, patience)
	return err
}

// take waits for a connection, if Redis is to be asked. This wait says nothing of
// Redis: clients cause it when more of them ask at once than there are connections.
// It ends soon, for whoever has a connection has it for the store's patience at most.
func (s *shared) take() (taken bool) {
	if !s.up.Load() {
		return false
	}
	s.turns <- struct{}{}
	if !s.up.Load() { // lost meanwhile
		s.leave()
		return false
	}
	return true
}

// leave gives up what take has taken.
func (s *shared) leave() { <-s.turns }

// charge does what [Store.charge] does, in Redis. A client that leaves does not end
// it: that would look as if Redis had failed.
func (s *shared) charge(charges []charge, timeout time.Duration) (admitted bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	keys, args := make([]string, len(charges)), make([]any, 0, 3*len(charges))
	for i, c := range charges {
		keys[i] = s.prefix + base64.RawURLEncoding.EncodeToString(c.key[:])
		args = append(args, c.limit, c.per.Microseconds(), c.cost)
	}
	answer, err := chargeScript.Run(ctx, s.client, keys, args...).Int64Slice()
	if err != nil {
		return false, err
	}
	if len(answer) != 1+3*len(charges) {
		return false, fmt.Errorf("an answer of %d numbers for %d counters", len(answer), len(charges))
	}
	for i := range charges {
		of := answer[1+3*i:]
		charges[i].count = count{of[0], of[1], time.Duration(of[2]) * time.Microsecond}
	}
	return answer[0] == 1, nil
}
