package config

import (
	"context"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"time"
)

// watchInterval is the time between two looks at the files. Their content is
// compared, not their time: orchestrators replace them behind links, and what a
// link points to may be older.
const watchInterval = time.Second

// contents are what files hold, by their names.
type contents map[string]content

// content is the hash of what a file holds, and who can get at it: a secret may have
// been refused for that alone.
type content struct {
	hash uint64
	mode fs.FileMode
}

var contentSeed = maphash.MakeSeed()

// look reads the files anew. One that cannot be read, as while it is being
// replaced, counts as it was.
func (c contents) look(files []string) contents {
	now := make(contents, len(files))
	for _, name := range files {
		file, err := os.ReadFile(name)
		info, statErr := os.Stat(name)
		if err == nil && statErr == nil {
			now[name] = content{maphash.Bytes(contentSeed, file), info.Mode()}
		} else if before, known := c[name]; known {
			now[name] = before
		}
	}
	return now
}

// of is what was seen of the files before, and what is seen now of those that were
// not looked at.
func (c contents) of(files []string) contents {
	now := c.look(files)
	for name := range now {
		if before, known := c[name]; known {
			now[name] = before
		}
	}
	return now
}

// watched are the files whose changes count while cfg is the configuration.
func (f *Flags) watched(cfg *Config) []string {
	files := cfg.watchedFiles()
	if f.Config != "" {
		files = append(files, f.Config)
	}
	return files
}

// reloads loads the configuration anew at every hangup, and when its file or one of
// those that it names has changed and is no longer being written. cfg is the one to
// begin with. It delivers those that are valid; of others the log says what is
// wrong with them.
func (f *Flags) Watch(ctx context.Context, cfg *Config, hangups <-chan os.Signal, log *slog.Logger) <-chan *Config {
	loaded := make(chan *Config)
	files := f.watched(cfg)
	known := contents{}.look(files)
	go func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		seen := known
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				seen = seen.look(files)
			case <-ticker.C:
				now := seen.look(files)
				settled := maps.Equal(now, seen)
				if seen = now; !settled || maps.Equal(now, known) {
					continue
				}
			}
			known = seen
			cfg, err := f.Load()
			if err != nil {
				log.Error("configuration refused, the former one stays", "reason", err)
				continue
			}
			// All were looked at before they are read: what changes in between is
			// loaded twice, and not missed.
			files = f.watched(cfg)
			known = known.of(files)
			seen = known
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
func (c *Config) RestartKeys(other *Config) (keys []string) {
	node := other.Node
	node.MaxMessage = c.Node.MaxMessage // which is limits.answer
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
		{"limits.connections_per_address", c.Limits.ConnectionsPerAddress == other.Limits.ConnectionsPerAddress},
		{"limits.memory", c.Limits.Memory == other.Limits.Memory},
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
