package transport

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/gateway/response"
)

// timeoutHeader is the request header by which a client shortens the timeout.
const timeoutHeader = "X-Request-Timeout"

// timeoutOf returns the timeout that a client asks for: a number of seconds, such as 1.5, or
// a duration with its unit, such as 800ms; 0: it asks for none.
func timeoutOf(header http.Header) (time.Duration, error) {
	values := header[timeoutHeader]
	if len(values) == 0 {
		return 0, nil
	}
	timeout, err := time.ParseDuration(values[0])
	if seconds, notSeconds := strconv.ParseFloat(values[0], 64); notSeconds == nil {
		timeout, err = math.MaxInt64, nil
		if !(seconds >= timeout.Seconds()) { // NaN becomes a negative duration, which is refused
			timeout = time.Duration(seconds * float64(time.Second))
		}
	}
	if err != nil || timeout <= 0 || len(values) > 1 {
		return 0, response.BadRequest("The header %s is not a time such as 1.5 (seconds) or 800ms.", timeoutHeader)
	}
	return timeout, nil
}
