package beamtest

import (
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// output collects the output of a process.
type output struct {
	mu      sync.Mutex
	text    []byte
	ended   bool
	changed chan struct{} // closed by the next Write or end
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	o.wake()
	return len(p), nil
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.wake()
}

func (o *output) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// wait returns the first complete line that contains substr once there is one, or
// false if the output ends first or waittest.Limit passes.
func (o *output) wait(substr string) (line string, found bool) {
	expired := time.After(waittest.Limit)
	for {
		o.mu.Lock()
		line, found := lineWith(string(o.text), substr)
		ended, changed := o.ended, o.changed
		o.mu.Unlock()
		if found || ended {
			return line, found
		}
		select {
		case <-changed:
		case <-expired:
			return "", false
		}
	}
}

func lineWith(text, substr string) (string, bool) {
	for line := range strings.Lines(text) {
		if line, complete := strings.CutSuffix(line, "\n"); complete && strings.Contains(line, substr) {
			return line, true
		}
	}
	return "", false
}
