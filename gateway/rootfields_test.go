package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// With cost root_fields, an operation with fifty aliases at its root costs fifty, also with
// the fields in fragments.
func TestRateLimitCountsRootFields(t *testing.T) {
	url, _ := limited(t, "[{by: identity, kind: mutation, cost: root_fields, limit: 10, per: 24h}]")
	mutation := func(fields int) string {
		text := "mutation {"
		for i := range fields {
			text += fmt.Sprintf(" a%d: a", i)
		}
		return text + " }"
	}
	const inFragments = "mutation { ...F ... { ...F } } fragment F on M { a: a b: a }"
	for i, step := range []struct {
		document string
		status   int
		code     string
		left     string
	}{
		{"{ a b c d e f g h i j k l m }", 503, "NO_NODE_AVAILABLE", ""}, // the rule is about mutations
		{mutation(5), 503, "NO_NODE_AVAILABLE", "r=5;"},
		{mutation(6), 429, "RATE_LIMITED", "r=5;"},
		{inFragments, 503, "NO_NODE_AVAILABLE", "r=1;"},
		{inFragments, 429, "RATE_LIMITED", "r=1;"},
		{mutation(50), 400, "TOO_MANY_ROOT_FIELDS", "r=1;"},
		{"mutation & M { a }", 400, "GRAPHQL_PARSE_FAILED", ""},
		{mutation(1), 503, "NO_NODE_AVAILABLE", "r=0;"},
	} {
		resp, answer := sent(t, url, `{"query":"`+step.document+`"}`)
		if resp.StatusCode != step.status || !strings.Contains(answer, `"`+step.code+`"`) || !strings.Contains(resp.Header.Get("RateLimit"), step.left) {
			t.Errorf("%d, %s: %d %s, RateLimit: %s", i, step.document, resp.StatusCode, answer, resp.Header.Get("RateLimit"))
		}
		if retry := resp.Header.Get("Retry-After"); (retry != "") != (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
			t.Errorf("%d: Retry-After: %s", i, retry)
		}
	}
}
