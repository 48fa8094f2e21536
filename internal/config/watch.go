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

// watchInterval is the time between two looks at the files. Watch compares their content:
// orchestrators replace files behind links, and the new target of a link may be older.
const watchInterval = time.Second

// A snapshot has the content of files by name.
type snapshot map[string]content

// content is the hash of a file and its mode. A change of the mode alone counts: the mode
// may be the reason why the file was refused.
type content struct {
	hash uint64
	mode fs.FileMode
}

var contentSeed = maphash.MakeSeed()

// next returns a new snapshot of files. An unreadable file, such as one that is being
// replaced, keeps its content from s.
func (s snapshot) next(files []string) snapshot {
	now := make(snapshot, len(files))
	for _, name := range files {
		text, err := os.ReadFile(name)
		info, statErr := os.Stat(name)
		if err == nil && statErr == nil {
			now[name] = content{maphash.Bytes(contentSeed, text), info.Mode()}
		} else if before, known := s[name]; known {
			now[name] = before
		}
	}
	return now
}

// extend returns a snapshot of files: the content from s, and the present content of files
// that are not in s.
func (s snapshot) extend(files []string) snapshot {
	extended := s.next(files)
	for name := range extended {
		if before, known := s[name]; known {
			extended[name] = before
		}
	}
	return extended
}

// watchedFiles returns the files whose changes lead to a reload.
func (f *Flags) watchedFiles(cfg *Config) []string {
	files := cfg.reloadedFiles()
	if f.Config != "" {
		files = append(files, f.Config)
	}
	return files
}

// Watch loads the configuration again at every hangup, and when its file or a file that it
// names has changed and is no longer being written. cfg is the present configuration.
// Watch delivers valid configurations, and logs what is wrong with others.
func (f *Flags) Watch(ctx context.Context, cfg *Config, hangups <-chan os.Signal, log *slog.Logger) <-chan *Config {
	loaded := make(chan *Config)
	files := f.watchedFiles(cfg)
	known := snapshot{}.next(files) // that the present configuration was loaded from
	go func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		seen := known // at the last tick
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				seen = seen.next(files)
			case <-ticker.C:
				now := seen.next(files)
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
			// The snapshot is older than the load: a change in between causes a second
			// load, and is not missed.
			files = f.watchedFiles(cfg)
			known = known.extend(files)
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
