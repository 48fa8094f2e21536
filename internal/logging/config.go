package logging

import (
	"cmp"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the log section of the configuration.
type Config struct {
	// Level is debug, info, warn or error. The default is info.
	Level string `yaml:"level" env:"LEVEL"`
	// Format is text or json. The default is text.
	Format string `yaml:"format" env:"FORMAT"`
}

// SetDefaults sets the defaults of missing keys.
func (c *Config) SetDefaults() {
	c.Level = cmp.Or(c.Level, "info")
	c.Format = cmp.Or(c.Format, "text")
}

// Validate reports an unknown level or format.
func (c *Config) Validate() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return keypath.Errorf("level", "is not one of debug, info, warn and error")
	}
	return keypath.OneOf("format", c.Format, "text", "json")
}

// SlogLevel returns the level of a valid section.
func (c *Config) SlogLevel() (level slog.Level) {
	level.UnmarshalText([]byte(c.Level))
	return level
}

// closeTime bounds the wait for the reader of standard error when a log is closed.
const closeTime = time.Second

// Open returns a log on standard error, and makes it the log of libraries as well. A
// reader that stalls or leaves does not stop the process: Open ignores SIGPIPE. close
// waits up to a second for the last lines to be read.
func (c *Config) Open() (log *slog.Logger, close func()) {
	signal.Ignore(syscall.SIGPIPE)
	handler := NewHandler(os.Stderr, c.SlogLevel(), c.Format == "json")
	log = slog.New(handler)
	slog.SetDefault(log)
	return log, func() { handler.Close(closeTime) }
}
