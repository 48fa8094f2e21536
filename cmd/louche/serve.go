package main

import (
	"context"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/parallelism"
	"github.com/louche-graphql/louche/internal/service"
)

type serveCommand struct {
	config.Flags
}

func (s *serveCommand) Run(ctx context.Context) error {
	cfg, err := s.Load()
	if err == nil {
		err = cfg.CheckFiles()
	}
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	log, closeLog := cfg.Log.Open()
	defer closeLog()
	service.LimitMemory(cfg.Limits, log)
	go parallelism.Govern(ctx)
	started := false
	err = service.Run(ctx, cfg, s.Watch(ctx, cfg, hangups, log), log, func(net.Addr, net.Addr) { started = true })
	if started && err != nil {
		log.Error("stopped", "reason", err)
		return errFailed
	}
	return err
}
