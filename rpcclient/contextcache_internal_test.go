package rpcclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// mapOf is %{text: text}.
func mapOf(text string) []byte {
	return etf.AppendBinary(etf.AppendAtom(etf.AppendMap(nil, 1), "text"), text)
}

// mapOfKeys is a map of n numbers, all of them true.
func mapOfKeys(n int) []byte {
	b := etf.AppendMap(nil, n)
	for i := range n {
		b = etf.AppendBool(etf.AppendInt(b, int64(i)), true)
	}
	return b
}

func TestContextsExpire(t *testing.T) {
	a := &Absinthe{Config: AbsintheConfig{ContextFrom: "A.b", ContextCache: time.Minute}}
	a.initContexts()
	requested := time.Now()
	for name, tt := range map[string]struct {
		expires time.Time
		want    time.Duration
	}{
		"no end":             {time.Time{}, time.Minute},
		"an end later":       {requested.Add(time.Hour), time.Minute},
		"an end before that": {requested.Add(time.Second), time.Second},
		"an end in the past": {requested.Add(-time.Second), 0},
	} {
		a.cacheContext(contextKey{1, name}, etf.Term{Bytes: mapOf("kept")}, a.cachedUntil(requested, tt.expires))
		if before := a.cachedContext(contextKey{1, name}, requested.Add(tt.want-1)) != nil; before != (tt.want > 0) {
			t.Errorf("%s: known just before %v: %v", name, tt.want, before)
		}
		if a.cachedContext(contextKey{1, name}, requested.Add(tt.want)) != nil {
			t.Errorf("%s: still known after %v", name, tt.want)
		}
	}
}

// A wall clock that steps back does not prolong the caching.
func TestContextsExpireByTheMonotonicClock(t *testing.T) {
	a := &Absinthe{Config: AbsintheConfig{ContextFrom: "A.b", ContextCache: time.Minute}}
	requested := time.Now()
	for _, expires := range []time.Time{{}, requested.Add(time.Second).Round(0), requested.Add(time.Hour).Round(0)} {
		if until := a.cachedUntil(requested, expires); !strings.Contains(until.String(), " m=") {
			t.Errorf("expires %v: until %v, by the wall clock", expires, until)
		}
	}
}

func TestCachedContextsAreBounded(t *testing.T) {
	a := &Absinthe{Config: AbsintheConfig{ContextFrom: "A.b", ContextCache: time.Minute}}
	a.initContexts()
	now := time.Now()
	until := now.Add(time.Minute)
	for name, tt := range map[string]struct {
		built etf.Term
		kept  bool
	}{
		"small":                        {etf.Term{Bytes: mapOf("kept")}, true},
		"large":                        {etf.Term{Bytes: mapOf(string(make([]byte, maxCachedContext)))}, false},
		"large when it is spelled out": {etf.Term{Bytes: fmt.Appendf(etf.AppendMap(nil, 1), "R\x00m\x00\x00\x3f\x00%016128d", 0), Atoms: []string{string(make([]byte, 250))}}, false},
		"small with many keys":         {etf.Term{Bytes: mapOfKeys(maxCachedContext / 64)}, false},
		"small with fewer":             {etf.Term{Bytes: mapOfKeys(maxCachedContext / 128)}, true},
		"a key twice":                  {etf.Term{Bytes: append(etf.AppendMap(nil, 2), "a\x01ja\x01j"...)}, false},
		"no map":                       {etf.Term{Bytes: etf.AppendNil(nil)}, false},
		"nothing":                      {etf.Term{}, false},
		"an atom of no cache":          {etf.Term{Bytes: append(etf.AppendMap(nil, 1), "R\x07j"...)}, false},
	} {
		a.cacheContext(contextKey{1, name}, tt.built, until)
		if cached := a.cachedContext(contextKey{1, name}, now) != nil; cached != tt.kept {
			t.Errorf("%s: cached %v", name, cached)
		}
	}
	for i := range maxCachedContexts + 1 {
		a.cacheContext(contextKey{1, fmt.Sprint(i)}, etf.Term{Bytes: mapOf("kept")}, until)
	}
	if a.contexts.Len() != maxCachedContexts || a.cachedContext(contextKey{1, "0"}, now) != nil || a.cachedContext(contextKey{1, "1"}, now) == nil {
		t.Errorf("%d contexts are cached, or another one than the oldest was evicted", a.contexts.Len())
	}
	large := etf.Term{Bytes: mapOf(strings.Repeat("x", maxCachedContext-100))}
	for i := range maxCachedContexts {
		a.cacheContext(contextKey{2, fmt.Sprint(i)}, large, until)
	}
	if n := a.contexts.Len(); n == 0 || n*2*len(large.Bytes) > maxCacheBytes {
		t.Errorf("%d contexts of %d bytes are cached", n, len(large.Bytes))
	}
}
