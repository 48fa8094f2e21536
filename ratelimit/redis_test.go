package ratelimit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/redistest"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/internal/waittest"
)

// patient are timeouts that no Redis exceeds which answers at all, on the slowest machine.
var patient = timeouts{operation: waittest.Limit, dial: waittest.Limit}

// inRedis returns a store that uses Redis.
func inRedis(t testing.TB, cfg RedisConfig) (*Store, *logtest.Recorder) {
	t.Helper()
	store, log := open(t, cfg)
	eventually(t, log, "Redis is used", store.redis.up.Load)
	return store, log
}

func open(t testing.TB, cfg RedisConfig) (*Store, *logtest.Recorder) {
	t.Helper()
	cfg.SetDefaults()
	log := new(logtest.Recorder)
	store, err := newStore(cfg, patient, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store, log
}

func eventually(t testing.TB, log *logtest.Recorder, what string, condition func() bool) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("log:\n%s", log)
		}
	}()
	waittest.Until(t, what, condition)
}

func TestSeveralRulesInRedis(t *testing.T) {
	store, _ := inRedis(t, RedisConfig{Address: redistest.Start(t).Addr})
	severalRules(t, store)
	rootFields(t, store)
}

// Two gateways together admit as much as the limit.
func TestGatewaysShareALimit(t *testing.T) {
	cfg := RedisConfig{Address: redistest.Start(t).Addr}
	rules := Rules{by(byIdentity, "", 100, time.Hour)}
	one, log := inRedis(t, cfg)
	other, _ := inRedis(t, cfg)
	if got := atOnce(New("/graphql", rules, one), New("/graphql", rules, other)); got != 100 || log.String() != "" {
		t.Errorf("%d were admitted; log: %s", got, log)
	}
	cfg.Prefix = "staging:"
	apart, _ := inRedis(t, cfg)
	if got := atOnce(New("/graphql", rules, apart)); got != 100 {
		t.Errorf("%d were admitted under another prefix", got)
	}
}

// Redis admits an operation after Reset and not before.
func TestWindowsInRedis(t *testing.T) {
	store, _ := inRedis(t, RedisConfig{Address: redistest.Start(t).Addr})
	l := New("/graphql", Rules{by(byIdentity, "", 2, time.Second)}, store)
	ask := func() (Quota, bool) {
		quotas, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true)
		return quotas[0], admitted
	}
	for range 3 {
		before := time.Now()
		q, admitted := ask()
		for admitted {
			before = time.Now()
			q, admitted = ask()
		}
		refused := time.Now() // Redis refused between before and refused
		for !admitted {
			due := time.Since(refused) > q.Reset
			if _, admitted = ask(); due && !admitted {
				t.Fatalf("refused again after the wait of %v", q.Reset)
			}
		}
		if early := q.Reset - time.Since(before); q.Reset > 2*time.Second || early > time.Millisecond {
			t.Errorf("admitted %v before the wait of %v was over", early, q.Reset)
		}
	}
}

// Redis holds no addresses, identities or claims, and its counters expire.
func TestRedisContents(t *testing.T) {
	server := redistest.Start(t)
	store, _ := inRedis(t, RedisConfig{Address: server.Addr, Prefix: "test:"})
	l := New("/graphql", Rules{by(byAddress, "", 5, time.Hour), by(byIdentity, "", 5, time.Hour), {By: By{byClaim, "tenant"}, Limit: 5, Per: time.Hour}}, store)
	who := &Client{Address: from("192.0.2.1").Address, Method: "jwt", Issuer: "https://id.example.com", Subject: "alice", Claims: map[string]any{"tenant": "acme"}}
	if _, admitted := l.AllowOperation(nil, who, kindQuery, 1, false); !admitted {
		t.Fatal("refused")
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	probed := "test:" + strings.Repeat("A", 22) // of the probe, which may expire meanwhile
	keys = slices.DeleteFunc(keys, func(key string) bool { return key == probed })
	if err != nil || len(keys) != 3 {
		t.Fatalf("%v, %v", keys, err)
	}
	for _, key := range keys {
		life, err := client.PTTL(t.Context(), key).Result()
		if !strings.HasPrefix(key, "test:") || len(key) != len("test:")+22 || err != nil || life <= 0 || life > 2*time.Hour {
			t.Errorf("%s, for %v: %v", key, life, err)
		}
		fields, err := client.HGetAll(t.Context(), key).Result()
		if err != nil || len(fields) != 3 || strings.Trim(fields["w"]+fields["c"]+fields["p"], "0123456789") != "" {
			t.Errorf("%v: %v", fields, err)
		}
	}
}

// Redis uses the wall clock. When it steps back, the counts stay.
func TestClockOfRedisStepsBack(t *testing.T) {
	server := redistest.Start(t)
	store, _ := inRedis(t, RedisConfig{Address: server.Addr, Prefix: "test:"})
	l := New("/graphql", Rules{by(byIdentity, "", 5, time.Hour)}, store)
	for range 5 {
		if _, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); !admitted {
			t.Fatal("refused")
		}
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "test:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys { // pretend that the window was in the future
		if client.HGet(t.Context(), key, "c").Val() == "5" {
			client.HIncrBy(t.Context(), key, "w", 100)
		}
	}
	for range 2 {
		if _, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); admitted {
			t.Error("the limit is empty")
		}
	}
}

// During an outage of Redis operations count in memory. The beginning and the end are logged
// once, and no operation fails or waits for long.
func TestRedisOutage(t *testing.T) {
	server := redistest.Start(t)
	store, log := inRedis(t, RedisConfig{Address: server.Addr})
	l := New("/graphql", Rules{by(byIdentity, "", 1<<40, time.Hour)}, store)
	var (
		load    sync.WaitGroup
		refused atomic.Int64
		done    = make(chan struct{})
	)
	for range 8 {
		load.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); !admitted {
					refused.Add(1)
				}
			}
		})
	}
	down := func() bool { return !store.redis.up.Load() }
	server.Kill()
	eventually(t, log, "Redis is no longer used", down)
	// The limit holds without it.
	strict := New("/graphql", Rules{by(byIdentity, "", 100, time.Hour)}, inMemory(t))
	strict.store.redis = store.redis
	if got := atOnce(strict); got != 100 {
		t.Errorf("%d were admitted without Redis", got)
	}
	server.Start()
	eventually(t, log, "Redis is used again", store.redis.up.Load)
	close(done)
	load.Wait()
	if refused.Load() > 0 {
		t.Errorf("%d were refused", refused.Load())
	}
	text := log.String()
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "cause=") || !strings.Contains(text, "available again") {
		t.Errorf("log:\n%s", text)
	}
}

// A Redis that does not answer delays one operation, not all.
func TestSlowRedis(t *testing.T) {
	server := redistest.Start(t)
	store, log := inRedis(t, RedisConfig{Address: server.Addr})
	store.redisTimeout = redisTimeouts.operation
	l := New("/graphql", Rules{by(byIdentity, "", 1<<40, time.Hour)}, store)
	server.Pause()
	defer server.Resume()
	began := time.Now()
	const operations = 1000
	for range operations {
		if _, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); !admitted {
			t.Fatal("refused")
		}
	}
	if took := time.Since(began); took < store.redisTimeout || took > operations/2*store.redisTimeout {
		t.Errorf("%d operations took %v", operations, took)
	}
	server.Resume()
	eventually(t, log, "Redis is used again", store.redis.up.Load)
}

// More concurrent operations than connections do not mark Redis down: they wait, and count
// in Redis.
func TestMoreOperationsThanConnections(t *testing.T) {
	store, log := inRedis(t, RedisConfig{Address: redistest.Start(t).Addr})
	for range maxConnections {
		if !store.redis.acquire() {
			t.Fatal("Redis is not used")
		}
	}
	store.redisTimeout = 10 * time.Millisecond
	time.AfterFunc(20*store.redisTimeout, func() {
		store.redisTimeout = patient.operation // from here on they wait for Redis
		for range maxConnections {
			store.redis.release()
		}
	})
	if got := atOnce(New("/graphql", Rules{by(byIdentity, "", 100, time.Hour)}, store)); got != 100 {
		t.Errorf("%d were admitted", got)
	}
	if !store.redis.up.Load() {
		t.Errorf("Redis is marked down:\n%s", log)
	}
	// The counts are in Redis.
	other, _ := inRedis(t, RedisConfig{Address: store.redis.client.Options().Addr})
	if got := atOnce(New("/graphql", Rules{by(byIdentity, "", 100, time.Hour)}, other)); got != 0 {
		t.Errorf("another gateway admitted %d", got)
	}
}

// A gateway starts without Redis and uses it once it is available.
func TestStartWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	store, log := open(t, RedisConfig{Address: server.Addr})
	eventually(t, log, "it is logged", func() bool { return strings.Contains(log.String(), "Redis is unavailable") })
	if got := atOnce(New("/graphql", Rules{by(byIdentity, "", 100, time.Hour)}, store)); got != 100 {
		t.Errorf("%d were admitted", got)
	}
	server.Start()
	eventually(t, log, "Redis is used", store.redis.up.Load)
}

// The rights that the documentation names suffice for the user.
func TestPassword(t *testing.T) {
	server := redistest.Start(t, "--user", "default", "off",
		"--user", "louche", "on", ">s3cret", "~louche:*", "+evalsha", "+eval", "+time", "+hmget", "+hset", "+pexpire")
	t.Setenv("LOUCHE_TEST_REDIS", "s3cret")
	inRedis(t, RedisConfig{Address: server.Addr, Username: "louche", Password: secret.Source{Env: "LOUCHE_TEST_REDIS"}})
	t.Setenv("LOUCHE_TEST_REDIS", "hunter2")
	_, log := open(t, RedisConfig{Address: server.Addr, Username: "louche", Password: secret.Source{Env: "LOUCHE_TEST_REDIS"}})
	eventually(t, log, "it is logged", func() bool { return strings.Contains(log.String(), "WRONGPASS") })
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the password is in the log: %s", log)
	}
}

func TestTLS(t *testing.T) {
	certFile, keyFile := certificate(t)
	server := redistest.StartTLS(t, certFile, keyFile)
	inRedis(t, RedisConfig{Address: server.Addr, TLS: RedisTLS{Enabled: true, CAFile: certFile}})
	_, log := open(t, RedisConfig{Address: server.Addr, TLS: RedisTLS{Enabled: true}})
	eventually(t, log, "a certificate of an unknown authority is refused", func() bool { return strings.Contains(log.String(), "x509") })
}

// A CA file that the group can write to is refused.
func TestWritableCAFile(t *testing.T) {
	certFile, _ := certificate(t)
	if err := os.Chmod(certFile, 0o664); err != nil {
		t.Fatal(err)
	}
	cfg := RedisTLS{Enabled: true, CAFile: certFile}
	if _, err := cfg.load("127.0.0.1:6379"); err == nil || !strings.Contains(err.Error(), "redis.tls.ca_file: "+certFile) {
		t.Errorf("error %v, want one that names redis.tls.ca_file and the file", err)
	}
}

// certificate returns a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}

func BenchmarkRedis(b *testing.B) {
	store, _ := inRedis(b, RedisConfig{Address: redistest.Start(b).Addr})
	benchmark(b, store)
}
