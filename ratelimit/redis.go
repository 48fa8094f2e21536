package ratelimit

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// timeouts bound how long Redis may take.
type timeouts struct {
	// operation bounds how long an operation waits for Redis. After the first timeout,
	// operations count in memory until Redis answers a probe.
	operation time.Duration
	// dial bounds dialling, which happens in the background.
	dial time.Duration
}

var redisTimeouts = timeouts{operation: 50 * time.Millisecond, dial: time.Second}

const (
	// retryInterval is the time between probes of an unavailable Redis.
	retryInterval = 2 * time.Second
	// maxConnections bounds the connections. One makes some 10,000 charges a second.
	maxConnections = 16
)

//go:embed charge.lua
var chargeSource string

var chargeScript = redis.NewScript(chargeSource)

// redisCounters are counters in Redis. A script charges them, so that all gateways together
// admit as much as one, by the clock of the server.
type redisCounters struct {
	client   *redis.Client
	timeouts timeouts
	prefix   string
	log      *slog.Logger
	slots    chan struct{} // one for each connection in use
	up       atomic.Bool   // whether operations use Redis
	failures chan error    // the errors that set up to false
	stop     func()        // stops watch and returns when it has ended
}

func newRedisCounters(cfg RedisConfig, t timeouts, log *slog.Logger) (*redisCounters, error) {
	password, encryption, err := cfg.readFiles()
	if err != nil {
		return nil, err
	}
	logging.Disable() // it logs single connections; watch logs outages
	s := &redisCounters{
		timeouts: t,
		prefix:   cfg.Prefix,
		log:      log.With("redis", cfg.Address),
		slots:    make(chan struct{}, maxConnections),
		failures: make(chan error, 1),
		client: redis.NewClient(&redis.Options{
			Addr:                     cfg.Address,
			Username:                 cfg.Username,
			Password:                 password,
			DB:                       cfg.Database,
			TLSConfig:                encryption,
			DialTimeout:              t.dial,
			DialerRetries:            1,
			MaxRetries:               -1, // a retry could charge an operation twice
			ReadTimeout:              -1, // the context of each charge bounds it
			ContextTimeoutEnabled:    true,
			PoolSize:                 maxConnections + 1, // one for probe
			DisableIdentity:          true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	s.stop = func() {
		cancel()
		watching.Wait()
	}
	return s, nil
}

// CheckRedis reports why counters cannot be in Redis.
func CheckRedis(cfg RedisConfig) error {
	s, err := newRedisCounters(cfg, redisTimeouts, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.close()
	return s.probe()
}

func (s *redisCounters) close() {
	s.stop()
	s.client.Close()
}

// watch probes Redis and lets operations use it while it answers. It logs the beginning and
// the end of an outage.
func (s *redisCounters) watch(ctx context.Context) {
	down := false
	failed := func(err error) {
		if !down && ctx.Err() == nil {
			s.log.Warn("Redis is unavailable; each gateway counts its rate limits in memory", "cause", err)
			down = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryInterval):
		}
	}
	for ctx.Err() == nil {
		if err := s.probe(); err != nil {
			failed(err)
			continue
		}
		if down {
			s.log.Info("Redis is available again; it counts the rate limits")
			down = false
		}
		s.up.Store(true)
		select {
		case <-ctx.Done():
		case err := <-s.failures:
			failed(err)
		}
	}
}

// markDown lets operations count in memory until Redis answers again.
func (s *redisCounters) markDown(err error) {
	if s.up.CompareAndSwap(true, false) {
		s.failures <- err
	}
}

// probe charges a counter: first with the time to dial, and then within the timeout of an
// operation.
func (s *redisCounters) probe() error {
	probe := []charge{{cost: 1, limit: 1 << 40, window: time.Second}}
	if _, err := s.charge(probe, s.timeouts.dial); err != nil {
		return err
	}
	_, err := s.charge(probe, s.timeouts.operation)
	return err
}

// acquire waits for a connection if Redis is up. It does not time out: the wait is caused
// by clients, not by Redis, and each connection is in use for the timeout of an operation at most.
func (s *redisCounters) acquire() (acquired bool) {
	if !s.up.Load() {
		return false
	}
	s.slots <- struct{}{}
	if !s.up.Load() { // down meanwhile
		s.release()
		return false
	}
	return true
}

// release ends the use of a connection.
func (s *redisCounters) release() { <-s.slots }

// charge does what [Store.charge] does. The end of a request does not cancel it: that would
// look like a failure of Redis.
func (s *redisCounters) charge(charges []charge, timeout time.Duration) (admitted bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	keys, args := make([]string, len(charges)), make([]any, 0, 3*len(charges))
	for i, c := range charges {
		keys[i] = s.prefix + base64.RawURLEncoding.EncodeToString(c.key[:])
		args = append(args, c.limit, c.window.Microseconds(), c.cost)
	}
	answer, err := chargeScript.Run(ctx, s.client, keys, args...).Int64Slice()
	if err != nil {
		return false, err
	}
	if len(answer) != 1+3*len(charges) {
		return false, fmt.Errorf("the script answered %d numbers for %d counters", len(answer), len(charges))
	}
	for i := range charges {
		of := answer[1+3*i:]
		charges[i].count = count{of[0], of[1], time.Duration(of[2]) * time.Microsecond}
	}
	return answer[0] == 1, nil
}
