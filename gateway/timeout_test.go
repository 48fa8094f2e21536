package gateway

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
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

// Silence counts against a node only when the application chose how long to wait.
func TestOnlyTheApplicationsOwnTimeoutCountsAgainstANode(t *testing.T) {
	h := &graphQL{app: &App{Config: AppConfig{Timeout: 3 * time.Second, TimeoutHeader: "X-Request-Timeout"}}}
	for _, tt := range []struct {
		header  string
		batched bool
		counts  bool
	}{
		{"", false, true},
		{"3", false, true},
		{"1h", false, true},
		{"2.999", false, false},
		{"0.05ms", false, false},
		{"", true, false},
		{"0.05ms", true, false},
	} {
		header := http.Header{}
		if tt.header != "" {
			header.Set("X-Request-Timeout", tt.header)
		}
		timeout, err := h.app.Config.timeout(header)
		if err != nil {
			t.Fatal(err)
		}
		cause := h.timeoutCause(timeout, &request{batched: tt.batched})
		if got := errors.Is(cause, rpcclient.ErrAppTimeout); got != tt.counts {
			t.Errorf("%+v: %v", tt, got)
		}
		if !errors.Is(cause, context.DeadlineExceeded) {
			t.Errorf("%+v: %v is no deadline", tt, cause)
		}
	}
}
