package transport

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/louche-graphql/louche/ratelimit"
)

// setRateLimitHeaders tells a client what rate limits leave it, in the header fields of
// draft-ietf-httpapi-ratelimit-headers-11: for each policy how many more operations (r) may
// run within how many seconds (t). Of several quotas of one policy, as the operations of a
// batch have them, the least counts.
func setRateLimitHeaders(header http.Header, quotas []ratelimit.Quota) {
	if len(quotas) == 0 {
		return
	}
	var policies, limits []byte
	for i, q := range quotas {
		same := func(other ratelimit.Quota) bool { return other.Policy == q.Policy }
		if slices.ContainsFunc(quotas[:i], same) {
			continue
		}
		for _, other := range quotas[i+1:] {
			if same(other) && cmp.Or(cmp.Compare(other.Remaining, q.Remaining), -cmp.Compare(other.Reset, q.Reset)) < 0 {
				q = other
			}
		}
		if i > 0 {
			policies, limits = append(policies, ", "...), append(limits, ", "...)
		}
		policies = appendItem(policies, q.Policy, "q", q.Limit, "w", ratelimit.Seconds(q.Window))
		limits = appendItem(limits, q.Policy, "r", q.Remaining, "t", ratelimit.Seconds(q.Reset))
	}
	header.Set("RateLimit-Policy", string(policies))
	header.Set("RateLimit", string(limits))
}

// appendItem appends a String of RFC 9651 with two parameters. The names of policies need
// no escapes.
func appendItem(b []byte, policy, first string, value int, second string, other int) []byte {
	b = append(append(append(b, '"'), policy...), `";`...)
	b = strconv.AppendInt(append(append(b, first...), '='), int64(value), 10)
	return strconv.AppendInt(append(append(append(b, ';'), second...), '='), int64(other), 10)
}
