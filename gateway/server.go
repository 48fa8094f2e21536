package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers on a listener until ctx ends. Then it takes no new requests and
// lets those in flight finish, for at most grace; what is left after that is
// cut off.
func (g *Gateway) Serve(ctx context.Context, listener net.Listener, handler http.Handler, grace time.Duration) error {
	limits := g.configured().limits
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: limits.ReadTimeout,
		IdleTimeout:       limits.IdleTimeout,
		MaxHeaderBytes:    limits.Header,
		ConnState:         g.countConnection,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			server.Close()
			err = fmt.Errorf("requests on %s were cut off: not done %v after the signal to stop", listener.Addr(), grace)
		}
		stopped <- err
	})
	err := server.Serve(listener)
	if stop() || !errors.Is(err, http.ErrServerClosed) { // it failed by itself
		return err
	}
	return <-stopped
}

func (g *Gateway) countConnection(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		g.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		g.connections.Add(-1)
	}
}
