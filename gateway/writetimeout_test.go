package gateway

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// A reload of write_timeout takes effect on open connections.
func TestWriteTimeoutOfReloadReachesConnections(t *testing.T) {
	g, limits := timeoutGateway()
	limits.WriteTimeout = time.Second
	g.Reconfigure(limits, nil)
	if got := g.Server.Limits().WriteTimeout; got != time.Second {
		t.Errorf("the timeout for writing is %v", got)
	}
}

// A reload of write_timeout takes effect on the operators' listener.
func TestWriteTimeoutOfReloadReachesOperators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, limits := timeoutGateway()
		admin := g.Admin()
		limits.WriteTimeout = time.Second
		g.Reconfigure(limits, nil)
		w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminURL+"/healthz", nil))
		if got := time.Until(w.deadline); got != time.Second {
			t.Errorf("the deadline for writing is in %v", got)
		}
	})
}

func timeoutGateway() (*Gateway, Limits) {
	limits := Limits{WriteTimeout: time.Minute}
	limits.SetDefaults()
	return New(nil, limits, nil, memory.NewBudget(limits.Memory), slog.New(slog.DiscardHandler)), limits
}

// deadlineRecorder records the deadline for writing.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (r *deadlineRecorder) SetReadDeadline(time.Time) error { return nil }

func (r *deadlineRecorder) SetWriteDeadline(at time.Time) error {
	r.deadline = at
	return nil
}
