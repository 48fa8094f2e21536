package gateway

import (
	"net/http"
	"testing"
	"time"
)

func TestTimeoutIsOnlyShortened(t *testing.T) {
	c := AppConfig{Timeout: 10 * time.Second}
	c.SetDefaults()
	for sent, want := range map[string]time.Duration{
		"1.5":      1500 * time.Millisecond,
		"800ms":    800 * time.Millisecond,
		"2s":       2 * time.Second,
		"10":       10 * time.Second,
		"11":       10 * time.Second,
		"1h":       10 * time.Second,
		"1e300":    10 * time.Second,
		"Inf":      10 * time.Second,
		"0":        0, // refused
		"0s":       0,
		"-1":       0,
		"-1s":      0,
		"-Inf":     0,
		"NaN":      0,
		"":         0,
		"1 s":      0,
		"soon":     0,
		"1e-300":   0,
		"9999999h": 0, // no duration
	} {
		got, err := c.timeout(http.Header{"X-Request-Timeout": {sent}})
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v; want %v", sent, got, err, want)
		}
	}
	if got, err := c.timeout(http.Header{}); got != c.Timeout || err != nil {
		t.Errorf("without the header: %v, %v", got, err)
	}
	if _, err := c.timeout(http.Header{"X-Request-Timeout": {"1", "2"}}); err == nil {
		t.Error("two headers are accepted")
	}
}
