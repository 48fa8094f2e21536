// Package logtest records log output for tests.
package logtest

import (
	"bytes"
	"strings"
	"sync"
)

// A Recorder is an io.Writer that keeps all text. It is safe for concurrent use.
type Recorder struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *Recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *Recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Lines returns the lines that contain all of parts.
func (r *Recorder) Lines(parts ...string) (found []string) {
next:
	for line := range strings.Lines(r.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}
