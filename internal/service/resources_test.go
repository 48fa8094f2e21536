package service

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway"
)

// The limits of connections are lowered to fit the limit of open files, and the log has the
// numbers.
func TestConnectionsFitOpenFiles(t *testing.T) {
	limits := gateway.Limits{Connections: 1000}
	limits.SetDefaults()
	need := limits.Descriptors() + nodeDescriptors
	for _, tt := range []struct{ open, connections, perAddress int }{
		{need, 1000, 500},
		{need - 1, 999, 499},
		{need - 600, 400, 200},
		{10, 1, 1},
	} {
		var log bytes.Buffer
		got := fitOpenFiles(limits, tt.open, slog.New(slog.NewTextHandler(&log, nil)))
		if got.Connections != tt.connections || got.ConnectionsPerAddress != tt.perAddress {
			t.Errorf("%d open files: %d connections, %d of one address; want %d and %d", tt.open, got.Connections, got.ConnectionsPerAddress, tt.connections, tt.perAddress)
		}
		if said := strings.Contains(log.String(), "lowered_to="); said != (got.Connections < 1000) {
			t.Errorf("%d open files: the log says %q", tt.open, &log)
		}
	}
}
