package gateway

import (
	"testing"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// result is a result map of Absinthe: data is a term, empty where there is none.
func resultOf(data string, errors bool) etf.Term {
	b := etf.AppendMap(nil, 0)
	n := byte(0)
	if data != "" {
		b, n = etf.AppendAtom(b, "data"), n+1
		if data == "nil" {
			b = etf.AppendAtom(b, data)
		} else {
			b = etf.AppendMap(b, 0)
		}
	}
	if errors {
		b, n = etf.AppendNil(etf.AppendAtom(b, "errors")), n+1
	}
	b[4] = n // the arity
	return etf.Term{Bytes: b}
}

// An answer of the application is OK, whatever errors it has; those have a counter.
func TestAnswersWithErrorsAreCounted(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
	h := g.metrics.of(g.configured().apps[0])
	for _, c := range []struct {
		result etf.Term
		want   outcome
	}{
		{resultOf("map", false), fine},
		{resultOf("nil", false), fine},
		{resultOf("map", true), partial},
		{resultOf("nil", true), failed},
		{resultOf("nil", true), failed},
		{resultOf("", true), unexecuted},
		{etf.Term{}, fine},
	} {
		x := &exchange{code: answered, outcome: outcomeOf(c.result)}
		if x.outcome != c.want {
			t.Errorf("%v: %q, want %q", c.result, x.outcome, c.want)
		}
		h.countAnswer(x, time.Now())
	}
	got := scrape(t, g)
	for series, want := range map[string]float64{
		`louche_requests_total{app="/graphql",code="OK"}`:                     7,
		`louche_graphql_errors_total{app="/graphql",outcome="partial"}`:       1,
		`louche_graphql_errors_total{app="/graphql",outcome="failed"}`:        2,
		`louche_graphql_errors_total{app="/graphql",outcome="unexecuted"}`:    1,
		`louche_graphql_errors_total{app="/graphql",outcome="none of these"}`: 0,
	} {
		if got[series] != want {
			t.Errorf("%s is %v, want %v", series, got[series], want)
		}
	}
}
