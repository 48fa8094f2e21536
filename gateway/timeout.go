package gateway

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
)

// timeout is how long an operation of this request may take: as configured, or
// less where the client says so. It is a number of seconds, such as 1.5, or a
// duration with its unit, such as 800ms.
func (c *AppConfig) timeout(header http.Header) (time.Duration, error) {
	values := header[c.TimeoutHeader]
	if len(values) == 0 {
		return c.Timeout, nil
	}
	asked, err := time.ParseDuration(values[0])
	if seconds, notSeconds := strconv.ParseFloat(values[0], 64); notSeconds == nil {
		asked, err = c.Timeout, nil
		if !(seconds >= c.Timeout.Seconds()) { // NaN is less; what is more may be past any duration
			asked = time.Duration(seconds * float64(time.Second))
		}
	}
	if err != nil || asked <= 0 || len(values) > 1 {
		return 0, badRequest("The header %s is not a time such as 1.5 (seconds) or 800ms.", c.TimeoutHeader)
	}
	return min(asked, c.Timeout), nil
}

// timeoutCause is why an operation ends when its time is over. It counts against the
// node only if the application, and not the client, chose the time. Operations of a
// batch do not count: one request would count many times.
func (h *graphQL) timeoutCause(timeout time.Duration, req *request) error {
	if timeout < h.app.Config.Timeout || req.batched {
		return context.DeadlineExceeded
	}
	return rpcclient.ErrAppTimeout
}
