package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/louche-graphql/louche/internal/config"
)

// Run runs the gateway until ctx ends, then drains it. It reloads every configuration that
// reloads delivers. It calls started with the addresses of both listeners when they are open.
func Run(ctx context.Context, cfg *config.Config, reloads <-chan *config.Config, log *slog.Logger, started func(clients, operators net.Addr)) error {
	// The listeners come first. A second gateway of one configuration fails here; with
	// the node name it would take the nodes of the first one.
	sockets := passedSockets()
	clients, err := listen("listen", cfg.Listen, sockets)
	if err != nil {
		return err
	}
	defer clients.Close()
	var socket net.PacketConn // for HTTP/3; nil: off
	if cfg.HTTP3 {
		if socket, err = listenHTTP3(clients); err != nil {
			return err
		}
		defer socket.Close()
	}
	operators, err := listen("admin", cfg.Admin, sockets)
	if err != nil {
		return err
	}
	defer operators.Close()
	s, err := start(cfg, log)
	if err != nil {
		return err
	}
	defer s.stop()
	server := s.gateway.Server
	clients, operators = server.LimitClients(clients, cfg.ProxyProtocol), server.LimitOperators(operators)
	log.Info("listening", "clients", clients.Addr(), "tls", cfg.TLS.Enabled(), "operators", operators.Addr(), "node", cfg.Node.Name)
	started(clients.Addr(), operators.Addr())
	notify(log, daemon.SdNotifyReady)
	alive, stopAlive := context.WithCancel(context.Background()) // draining included
	defer stopAlive()
	go feedWatchdog(alive, log)

	clientsCtx, closeClients := context.WithCancel(context.Background())
	defer closeClients()
	operatorsCtx, closeOperators := context.WithCancel(context.Background())
	defer closeOperators()
	grace := func() time.Duration { return s.cfg.ShutdownGrace }
	clientsErr, operatorsErr := make(chan error, 1), make(chan error, 1)
	go func() { clientsErr <- s.serveClients(clientsCtx, clients, socket, grace) }()
	go func() { operatorsErr <- server.Serve(operatorsCtx, operators, s.gateway.Admin(), grace) }()
	for {
		select {
		case cfg := <-reloads:
			s.reload(ctx, cfg)
			continue
		case <-ctx.Done():
			s.drain(clientsErr)
		case err = <-clientsErr:
			clientsErr <- err
		case err = <-operatorsErr:
			operatorsErr <- err
		}
		break
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		leaveAll(s.current.applications, s.cfg.ShutdownGrace*4/5)
	}()
	end := time.After(s.cfg.ShutdownGrace)
	closeClients()
	err = <-clientsErr
	select {
	case <-left:
	case <-end:
		err = errors.Join(err, fmt.Errorf("subscribers were cut off: not gone %v after no more requests were taken", s.cfg.ShutdownGrace))
	}
	closeOperators() // last, so that operators can watch the end
	if err = errors.Join(err, <-operatorsErr); err == nil {
		log.Info("stopped: every request is answered")
	}
	return err
}

// drain makes /readyz fail and serves requests for shutdown_delay, in which load balancers
// notice. An error of the listener ends it early.
func (s *service) drain(clientsErr chan error) {
	s.gateway.Drain()
	notify(s.log, daemon.SdNotifyStopping)
	s.log.Info("stopping: /readyz fails, the gateway takes requests for the delay and finishes them within the grace; a second signal stops it at once",
		"delay", s.cfg.ShutdownDelay, "grace", s.cfg.ShutdownGrace)
	select {
	case <-time.After(s.cfg.ShutdownDelay):
	case err := <-clientsErr:
		clientsErr <- err
	}
}
