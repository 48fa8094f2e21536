package ratelimit

import (
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func inMemory(t testing.TB) *Store {
	t.Helper()
	store, err := NewStore(RedisConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func by(what, kind string, limit int, per time.Duration) Rule {
	return Rule{By: By{attribute: what}, Kind: kind, Limit: limit, Per: per}
}

func from(addr string) *Client { return &Client{Address: netip.MustParseAddr(addr)} }

// A quota is exact: Remaining operations are admitted, and the next one after Reset and not
// before.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			limit, per := 1+random.IntN(20), time.Duration(1+random.IntN(100))*time.Second
			l := New("/graphql", Rules{by(byIdentity, "", limit, per)}, inMemory(t))
			ask := func() (Quota, bool) {
				quotas, admitted := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true)
				return quotas[0], admitted
			}
			for range 30 {
				time.Sleep(time.Duration(random.Int64N(int64(per) / int64(limit))))
				q, admitted := ask()
				if admitted == q.Refused {
					t.Fatalf("admitted: %v, %+v", admitted, q)
				}
				for range q.Remaining {
					if q, admitted = ask(); !admitted {
						t.Fatalf("fewer than Remaining are admitted: %+v", q)
					}
				}
				if q.Remaining != 0 {
					t.Fatalf("more than Remaining are admitted: %+v", q)
				}
				if q, admitted = ask(); admitted || !q.Refused || q.Reset <= 0 || q.Reset > 2*per {
					t.Fatalf("%v, %+v", admitted, q)
				}
				time.Sleep(q.Reset - time.Millisecond)
				if q, admitted := ask(); admitted {
					t.Fatalf("admitted 1 ms early: %+v", q)
				}
				time.Sleep(time.Millisecond + time.Nanosecond)
				if q, admitted := ask(); !admitted {
					t.Fatalf("refused after Reset: %+v", q)
				}
			}
		}
	})
}

// The share of the previous window shrinks as the current one advances.
func TestWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New("/graphql", Rules{by(byIdentity, "", 60, time.Minute)}, inMemory(t))
		run := func(n int) (admitted int) {
			for range n {
				if _, yes := l.AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); yes {
					admitted++
				}
			}
			return admitted
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		if got := run(100); got != 60 {
			t.Errorf("at first: %d", got)
		}
		time.Sleep(time.Minute)
		if got := run(100); got != 0 {
			t.Errorf("a minute later, with all of the previous window: %d", got)
		}
		time.Sleep(30 * time.Second)
		if got := run(100); got != 30 {
			t.Errorf("half a minute after that: %d", got)
		}
		time.Sleep(2 * time.Minute)
		if got := run(100); got != 60 {
			t.Errorf("two minutes after that: %d", got)
		}
	})
}

// Concurrent operations are admitted up to the limit.
func TestConcurrentOperations(t *testing.T) {
	l := New("/graphql", Rules{by(byIdentity, "", 100, time.Hour)}, inMemory(t))
	if got := atOnce(l); got != 100 {
		t.Errorf("%d were admitted", got)
	}
}

// atOnce returns how many of 400 concurrent operations of one client the limiters admit.
func atOnce(limiters ...*Limiter) int64 {
	var (
		admitted atomic.Int64
		all      sync.WaitGroup
	)
	for i := range 400 {
		all.Go(func() {
			if _, yes := limiters[i%len(limiters)].AllowOperation(nil, from("192.0.2.1"), kindQuery, 1, true); yes {
				admitted.Add(1)
			}
		})
	}
	all.Wait()
	return admitted.Load()
}

// policies returns the names of quotas, with a ! after those that refused.
func policies(quotas []Quota) (names []string) {
	for _, q := range quotas {
		name := q.Policy
		if q.Refused {
			name += "!"
		}
		names = append(names, name)
	}
	return names
}

// With cost root_fields an operation costs its number of root fields. AllowRequest has
// charged one of them.
func TestRootFields(t *testing.T) {
	rootFields(t, inMemory(t))
}

func rootFields(t *testing.T, store *Store) {
	t.Helper()
	byFields := func(what, kind string, limit int) Rule {
		r := by(what, kind, limit, time.Hour)
		r.Cost = costRootFields
		return r
	}
	l := New("/fields", Rules{
		byFields(byAddress, "", 20),
		byFields(byIdentity, kindMutation, 10),
		by(byIdentity, "", 5, time.Hour),
	}, store)
	if !l.CountsRootFields() {
		t.Error("CountsRootFields is false")
	}
	client := &Client{Address: netip.MustParseAddr("192.0.2.1"), Method: "jwt", Subject: "7"}
	for i, c := range []struct {
		kind       string
		rootFields int
		arrives    bool
		policies   []string
		left       []int
	}{
		{"query", 1, true, []string{"address-root-fields", "identity"}, []int{19, 4}},
		{"query", 3, true, []string{"address-root-fields", "address-root-fields", "identity"}, []int{18, 16, 3}},
		{"mutation", 4, true, []string{"address-root-fields", "address-root-fields", "identity-mutation-root-fields", "identity"}, []int{15, 12, 6, 2}},
		{"mutation", 7, false, []string{"address-root-fields", "identity-mutation-root-fields!", "identity"}, []int{12, 6, 2}},
		{"query", 21, true, []string{"address-root-fields", "address-root-fields!", "identity"}, []int{11, 11, 2}},
		{"mutation", 50, true, []string{"address-root-fields", "address-root-fields!", "identity-mutation-root-fields!", "identity"}, []int{10, 10, 6, 2}},
		{"mutation", 6, false, []string{"address-root-fields", "identity-mutation-root-fields", "identity"}, []int{4, 0, 1}},
		{"query", 0, false, []string{"address-root-fields", "identity"}, []int{3, 0}},
	} {
		var quotas []Quota
		if c.arrives {
			quotas, _ = l.AllowRequest(nil, client.Address)
		}
		quotas, admitted := l.AllowOperation(quotas, client, c.kind, c.rootFields, c.arrives)
		var left []int
		for _, q := range quotas {
			left = append(left, q.Remaining)
			if q.Refused && (q.RetryAfter <= 0 || (q.Cost > q.Limit) != (q.Cost > 20 || q.Policy == "identity-mutation-root-fields" && c.rootFields == 50)) {
				t.Errorf("%d: %+v", i, q)
			}
		}
		refused := slices.ContainsFunc(quotas, func(q Quota) bool { return q.Refused })
		if got := policies(quotas); !slices.Equal(got, c.policies) || !slices.Equal(left, c.left) || admitted == refused {
			t.Errorf("%d: %v, %v, %v", i, admitted, got, left)
		}
	}
}

// An operation that one rule refuses is charged by no other.
func TestSeveralRules(t *testing.T) {
	severalRules(t, inMemory(t))
}

func severalRules(t *testing.T, store *Store) {
	t.Helper()
	l := New("/graphql", Rules{
		by(byAddress, "", 5, time.Hour),
		by(byIdentity, kindMutation, 1, time.Hour),
		by(byIdentity, kindMutation, 2, 24*time.Hour),
		by(byIdentity, kindQuery, 3, time.Hour),
		{By: By{byClaim, "tenant"}, Limit: 3, Per: time.Hour},
	}, store)
	client := &Client{Address: netip.MustParseAddr("192.0.2.1"), Method: "jwt", Subject: "7", Claims: map[string]any{"tenant": "acme"}}
	for i, c := range []struct {
		kind     string
		arrived  bool
		policies []string
		left     []int
	}{
		{"mutation", true, []string{"identity-mutation-3600", "identity-mutation-86400", "claim-tenant"}, []int{0, 1, 2}},
		{"mutation", true, []string{"identity-mutation-3600!", "identity-mutation-86400", "claim-tenant"}, []int{0, 1, 2}},
		{"unknown", true, []string{"identity-mutation-3600!", "identity-mutation-86400", "claim-tenant"}, []int{0, 1, 2}},
		{"query", true, []string{"identity-query", "claim-tenant"}, []int{2, 1}},
		{"query", false, []string{"address", "identity-query", "claim-tenant"}, []int{4, 1, 0}},
		{"query", false, []string{"address", "identity-query", "claim-tenant!"}, []int{4, 1, 0}},
	} {
		quotas, admitted := l.AllowOperation(nil, client, c.kind, 1, c.arrived)
		var left []int
		for _, q := range quotas {
			left = append(left, q.Remaining)
		}
		refused := slices.ContainsFunc(quotas, func(q Quota) bool { return q.Refused })
		if got := policies(quotas); !slices.Equal(got, c.policies) || !slices.Equal(left, c.left) || admitted == refused {
			t.Errorf("%d: %v, %v, %v", i, admitted, got, left)
		}
	}
	quotas, admitted := l.AllowRequest(nil, client.Address)
	if !admitted || len(quotas) != 1 || quotas[0].Policy != "address" || quotas[0].Remaining != 3 {
		t.Errorf("%v, %+v", admitted, quotas)
	}
}

func TestKeys(t *testing.T) {
	identity := func(addr, method, issuer, subject string, tenant any) *Client {
		c := from(addr)
		c.Method, c.Issuer, c.Subject = method, issuer, subject
		if c.Claims = map[string]any{}; tenant != nil {
			c.Claims["tenant"] = tenant
		}
		return c
	}
	jwt := identity("192.0.2.1", "jwt", "https://a", "7", "acme")
	for name, c := range map[string]struct {
		what string
		a, b *Client
		same bool
	}{
		"one address":                  {byAddress, from("192.0.2.1"), from("192.0.2.1"), true},
		"an address in both forms":     {byAddress, from("192.0.2.1"), from("::ffff:192.0.2.1"), true},
		"addresses":                    {byAddress, from("192.0.2.1"), from("192.0.2.2"), false},
		"a network of IPv6":            {byAddress, from("2001:db8::1"), from("2001:db8::ffff:1:2:3"), true},
		"networks of IPv6":             {byAddress, from("2001:db8::1"), from("2001:db8:0:1::1"), false},
		"one identity, two addresses":  {byIdentity, jwt, identity("192.0.2.2", "jwt", "https://a", "7", nil), true},
		"subjects":                     {byIdentity, jwt, identity("192.0.2.1", "jwt", "https://a", "8", nil), false},
		"issuers":                      {byIdentity, jwt, identity("192.0.2.1", "jwt", "https://b", "7", nil), false},
		"methods":                      {byIdentity, jwt, identity("192.0.2.1", "api_keys", "https://a", "7", nil), false},
		"parts that are the same text": {byIdentity, identity("192.0.2.1", "jwt", "a", "bc", nil), identity("192.0.2.1", "jwt", "ab", "c", nil), false},
		"anonymous, one address":       {byIdentity, from("192.0.2.1"), from("192.0.2.1"), true},
		"anonymous, two addresses":     {byIdentity, from("192.0.2.1"), from("192.0.2.2"), false},
		"a subject called an address":  {byIdentity, from("192.0.2.1"), identity("192.0.2.1", byAddress, "", "192.0.2.1", nil), false},
		"one tenant":                   {byClaim, jwt, identity("192.0.2.2", "api_keys", "", "9", "acme"), true},
		"a number as text":             {byClaim, identity("192.0.2.1", "jwt", "", "7", int64(4)), identity("192.0.2.1", "jwt", "", "7", "4"), true},
		"tenants":                      {byClaim, jwt, identity("192.0.2.1", "jwt", "https://a", "7", "other"), false},
		"no tenant, by addresses":      {byClaim, identity("192.0.2.1", "jwt", "", "7", nil), identity("192.0.2.2", "jwt", "", "7", nil), false},
		"a tenant called an address":   {byClaim, from("192.0.2.1"), identity("192.0.2.1", "jwt", "", "7", "192.0.2.1"), false},
	} {
		rule := Rule{By: By{attribute: c.what, claim: "tenant"}, Limit: 1, Per: time.Hour}
		l := New("/graphql", Rules{rule}, inMemory(t))
		l.AllowOperation(nil, c.a, kindQuery, 1, false)
		if _, admitted := l.AllowOperation(nil, c.b, kindQuery, 1, false); admitted == c.same {
			t.Errorf("%s: admitted: %v", name, admitted)
		}
	}
}

// A later limiter continues the counts of rules that differ in their limits alone.
// Applications have their own counts.
func TestLimiterAfterReload(t *testing.T) {
	store := inMemory(t)
	address := netip.MustParseAddr("192.0.2.1")
	remaining := func(app string, rules ...Rule) int {
		quotas, _ := New(app, rules, store).AllowRequest(nil, address)
		return quotas[0].Remaining
	}
	for i, c := range []struct {
		app       string
		rules     Rules
		remaining int
	}{
		{"/graphql", Rules{by(byAddress, "", 10, time.Hour)}, 9},
		{"/graphql", Rules{by(byIdentity, "", 5, time.Hour), by(byAddress, "", 10, time.Hour)}, 8},
		{"/graphql", Rules{by(byAddress, "", 20, time.Hour)}, 17},
		{"/graphql", Rules{by(byAddress, "", 2, time.Hour)}, 0},
		{"/graphql", Rules{by(byAddress, "", 10, 2*time.Hour)}, 9},
		{"/other", Rules{by(byAddress, "", 10, time.Hour)}, 9},
	} {
		if got := remaining(c.app, c.rules...); got != c.remaining {
			t.Errorf("%d: %d", i, got)
		}
	}
}

// random returns an address of a network that no other has.
func random() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], 0x2001<<48|rand.Uint64()>>16)
	return netip.AddrFrom16(b)
}

// Memory is bounded for any number of clients, and a client that keeps sending requests
// keeps its counter.
func TestMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	store := inMemory(t)
	l := New("/graphql", Rules{by(byAddress, "", 10, time.Hour)}, store)
	offender := netip.MustParseAddr("192.0.2.1")
	admitted := 0
	for i := range 3 * maxCounters {
		l.AllowRequest(nil, random())
		if i%1000 == 0 {
			if _, yes := l.AllowRequest(nil, offender); yes {
				admitted++
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if admitted != 10 {
		t.Errorf("the client that kept sending requests was admitted %d times", admitted)
	}
	mb := float64(after.HeapAlloc-before.HeapAlloc) / 1e6
	t.Logf("%.0f MB for %d counters", mb, store.memory.counters.Len())
	if mb > 60 {
		t.Errorf("%.0f MB", mb)
	}
}

func BenchmarkMemory(b *testing.B) { benchmark(b, inMemory(b)) }

// benchmark measures a request with two rules.
func benchmark(b *testing.B, store *Store) {
	l := New("/graphql", Rules{by(byAddress, "", 1<<40, time.Hour), by(byIdentity, kindMutation, 1<<40, time.Hour)}, store)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		client := &Client{Address: random(), Method: "jwt", Issuer: "https://id.example.com/", Subject: "7"}
		quotas := make([]Quota, 0, 2)
		for pb.Next() {
			quotas, _ = l.AllowRequest(quotas[:0], client.Address)
			quotas, _ = l.AllowOperation(quotas, client, kindMutation, 1, true)
		}
	})
}
