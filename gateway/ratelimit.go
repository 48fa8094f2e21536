package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/schema"
)

// chargeArrival counts a request by the rate limits for which its address is
// enough: also one that is refused later, for what it says of who is asking or
// otherwise.
func (h *graphQL) chargeArrival(x *exchange, from *caller) error {
	var admitted bool
	before := len(x.quotas)
	x.quotas, admitted = h.app.Limiter.AllowRequest(x.quotas, from.request.Client)
	return h.limited(x.quotas[before:], admitted)
}

// chargeOperation counts an operation that may be run by the other rate limits. A
// request has arrived as its first operation; further ones of a batch count by all.
func (h *graphQL) chargeOperation(x *exchange, from *caller, kind schema.Kind, rootFields int, arrived bool) error {
	asking := ratelimit.Client{Address: from.request.Client}
	if who := from.identity; who != nil {
		asking.Method, asking.Issuer, asking.Subject, asking.Claims = who.Method, who.Issuer, who.Subject, who.Claims
	}
	var admitted bool
	before := len(x.quotas)
	x.quotas, admitted = h.app.Limiter.AllowOperation(x.quotas, &asking, kind.String(), rootFields, arrived)
	return h.limited(x.quotas[before:], admitted)
}

// rootFields counts what an operation has at its root, where a rate limit needs to know.
// Fields of a document that cannot be read cannot be counted, and Absinthe might run
// any number of them.
func (h *graphQL) rootFields(req *request) (int, error) {
	if !h.app.Limiter.CountsRootFields() {
		return 1, nil
	}
	if req.document.Problem != "" {
		return 0, unreadableDocument(req.document)
	}
	return req.operation.Measures.RootFields, nil
}

// limited is the failure of an operation that is not admitted.
func (h *graphQL) limited(quotas []ratelimit.Quota, admitted bool) error {
	if admitted {
		return nil
	}
	var wait time.Duration
	var unaffordable *failure
	for _, q := range quotas {
		if q.Refused {
			h.metrics.limited.WithLabelValues(q.Policy).Inc()
			if q.Cost > q.Limit {
				unaffordable = refused("TOO_MANY_ROOT_FIELDS", "The operation's fields at its root count as %d, and the rate limit never admits more than %d.", q.Cost, q.Limit)
			}
			wait = max(wait, q.RetryAfter)
		}
	}
	if unaffordable != nil {
		return unaffordable
	}
	wait = time.Duration(seconds(wait)) * time.Second
	return &failure{status: http.StatusTooManyRequests, code: "RATE_LIMITED", retryAfter: wait,
		message: fmt.Sprintf("There were too many requests; try again in %d s.", seconds(wait))}
}

// seconds are those that a client has to wait: at least one, for less is none.
func seconds(wait time.Duration) int { return max(1, int((wait+time.Second-1)/time.Second)) }

// announce tells a client what rate limits leave it, in the header fields of
// draft-ietf-httpapi-ratelimit-headers-11: for each policy how many more (r) may be
// run within how many seconds (t). Of several quotas with one policy, which the
// operations of a batch have, the least counts.
func announce(header http.Header, quotas []ratelimit.Quota) {
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
		policies = appendItem(policies, q.Policy, "q", q.Limit, "w", seconds(q.Window))
		limits = appendItem(limits, q.Policy, "r", q.Remaining, "t", seconds(q.Reset))
	}
	header.Set("RateLimit-Policy", string(policies))
	header.Set("RateLimit", string(limits))
}

// appendItem appends a String of RFC 9651 with two parameters. A policy's name has
// nothing in it that would have to be escaped.
func appendItem(b []byte, policy, first string, value int, second string, other int) []byte {
	b = append(append(append(b, '"'), policy...), `";`...)
	b = strconv.AppendInt(append(append(b, first...), '='), int64(value), 10)
	return strconv.AppendInt(append(append(append(b, ';'), second...), '='), int64(other), 10)
}
