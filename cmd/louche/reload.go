package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"time"
)

// watchInterval is the time between two looks at the configuration file. Its
// content is compared, not its time: orchestrators replace it behind links, and
// what a link points to may be older.
const watchInterval = time.Second

// reloads loads the configuration anew at every hangup, and when its file has
// changed and is no longer being written. It delivers those that are valid; of
// others the log says what is wrong with them.
func (f *configFlags) reloads(ctx context.Context, hangups <-chan os.Signal, log *slog.Logger) <-chan *config {
	loaded := make(chan *config)
	go func() {
		var watch <-chan time.Time
		if f.Config != "" {
			ticker := time.NewTicker(watchInterval)
			defer ticker.Stop()
			watch = ticker.C
		}
		known, _ := os.ReadFile(f.Config)
		seen := known
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				seen, _ = os.ReadFile(f.Config)
			case <-watch:
				now, err := os.ReadFile(f.Config)
				settled := bytes.Equal(now, seen)
				if seen = now; err != nil || !settled || bytes.Equal(now, known) {
					continue
				}
			}
			known = seen
			cfg, err := f.load()
			if err != nil {
				log.Error("configuration refused, the former one stays", "reason", err)
				continue
			}
			select {
			case loaded <- cfg:
			case <-ctx.Done():
				return
			}
		}
	}()
	return loaded
}

// fixed returns the keys of which other has another value, and which are read only
// when the gateway starts.
func (c *config) fixed(other *config) (keys []string) {
	node := other.Node
	node.MaxAnswer = c.Node.MaxAnswer // which is limits.answer
	for _, key := range []struct {
		name string
		same bool
	}{
		{"listen", c.Listen == other.Listen},
		{"admin", c.Admin == other.Admin},
		{"tls", c.TLS.On() == other.TLS.On()},
		{"node", c.Node == node},
		{"log", c.Log == other.Log},
		{"redis", c.Redis == other.Redis},
		{"limits.header", c.Limits.Header == other.Limits.Header},
		{"limits.connections", c.Limits.Connections == other.Limits.Connections},
		{"limits.idle_timeout", c.Limits.IdleTimeout == other.Limits.IdleTimeout},
		{"limits.answer", c.Limits.Answer == other.Limits.Answer},
		{"limits.persisted_queries", c.Limits.PersistedQueries == other.Limits.PersistedQueries},
		{"limits.persisted_bytes", c.Limits.PersistedBytes == other.Limits.PersistedBytes},
	} {
		if !key.same {
			keys = append(keys, key.name)
		}
	}
	return keys
}
