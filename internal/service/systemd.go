package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// passed returns the socket that systemd has opened for a key: that of a unit with
// FileDescriptorName=listen or admin.
func passed(key string, sockets map[string][]net.Listener) (net.Listener, error) {
	if len(sockets[key]) != 1 {
		return nil, fmt.Errorf("%s: systemd passes %d sockets of this name; start the gateway by a socket unit with FileDescriptorName=%s", key, len(sockets[key]), key)
	}
	return sockets[key][0], nil
}

// passedSockets returns the sockets of systemd by their names. They can be taken once.
func passedSockets() map[string][]net.Listener {
	sockets, _ := activation.ListenersWithNames() // it returns no error
	return sockets
}

// notify tells systemd the state of the service, if it was started with Type=notify.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd does not take the state of the service", "state", state, "reason", err)
	}
}

// feedWatchdog tells systemd that the process lives, twice in each period of WatchdogSec,
// until ctx ends.
func feedWatchdog(ctx context.Context, log *slog.Logger) {
	period, err := daemon.SdWatchdogEnabled(false)
	if err != nil || period == 0 {
		return
	}
	ticker := time.NewTicker(period / 2)
	defer ticker.Stop()
	for {
		notify(log, daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
