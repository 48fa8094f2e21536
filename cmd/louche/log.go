package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/louche-graphql/louche/internal/logging"
)

type logConfig struct {
	Level  string `yaml:"level" env:"LEVEL"`
	Format string `yaml:"format" env:"FORMAT"`
}

func (c *logConfig) setDefaults() {
	if c.Level == "" {
		c.Level = "info"
	}
	if c.Format == "" {
		c.Format = "text"
	}
}

func (c *logConfig) validate() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return errors.New("log.level is not one of debug, info, warn and error")
	}
	if c.Format != "text" && c.Format != "json" {
		return errors.New("log.format is not text or json")
	}
	return nil
}

// lastWords is how long the end of a command waits for the reader of standard error.
const lastWords = time.Second

// open makes the log, on standard error, and has libraries log there as well. Whether
// its reader stalls or goes away is nothing to the gateway: the latter would end a
// process that does not ignore SIGPIPE. close waits for the last lines, but not long.
func (c *logConfig) open() (log *slog.Logger, close func()) {
	signal.Ignore(syscall.SIGPIPE)
	var level slog.Level
	level.UnmarshalText([]byte(c.Level))
	handler := logging.NewHandler(os.Stderr, level, c.Format == "json")
	log = slog.New(handler)
	slog.SetDefault(log)
	return log, func() { handler.Close(lastWords) }
}

// complain prints why a command failed, and does not wait long for a reader.
func complain(err error) {
	said := make(chan struct{})
	go func() {
		fmt.Fprintf(os.Stderr, "louche: %v\n", err)
		close(said)
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
}
