package transport

import (
	"math"
	"net/http"
	"testing"
	"time"
)

func TestTimeoutOf(t *testing.T) {
	for sent, want := range map[string]time.Duration{
		"1.5":      1500 * time.Millisecond,
		"800ms":    800 * time.Millisecond,
		"2s":       2 * time.Second,
		"10":       10 * time.Second,
		"1h":       time.Hour,
		"1e300":    math.MaxInt64,
		"Inf":      math.MaxInt64,
		"0":        0, // refused, as are all that follow
		"0s":       0,
		"-1":       0,
		"-1s":      0,
		"-Inf":     0,
		"NaN":      0,
		"":         0,
		"1 s":      0,
		"soon":     0,
		"1e-300":   0,
		"9999999h": 0, // exceeds time.Duration
	} {
		got, err := timeoutOf(http.Header{"X-Request-Timeout": {sent}})
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v; want %v", sent, got, err, want)
		}
	}
	if got, err := timeoutOf(http.Header{}); got != 0 || err != nil {
		t.Errorf("without the header: %v, %v", got, err)
	}
	if _, err := timeoutOf(http.Header{"X-Request-Timeout": {"1", "2"}}); err == nil {
		t.Error("two values are accepted")
	}
}
