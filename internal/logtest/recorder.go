// Package logtest collects what is logged, for tests.
package logtest

import (
	"bytes"
	"strings"
	"sync"
)

// A Recorder holds what has been written to it. It may be read meanwhile.
type Recorder struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *Recorder) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *Recorder) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Lines returns the records in which all of parts occur.
func (j *Recorder) Lines(parts ...string) (found []string) {
next:
	for line := range strings.Lines(j.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}
