package rpcclient

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A CallIdentity identifies the operation of a call.
type CallIdentity struct {
	Path      string `json:"path"`                // of the application
	Operation string `json:"operation,omitempty"` // its name
	RequestID string `json:"request_id"`
}

// A SlowCall is a sample of a call that took long.
type SlowCall struct {
	CallIdentity
	Node       string  `json:"node"`
	TookMS     int64   `json:"took_ms"` // until the sample
	AgeSeconds float64 `json:"age_seconds"`
	// Line is where the call was, and where the process was that it waited for.
	Line string `json:"line"`
	// Processes has the process of the call, and those that it is linked to or waits for.
	Processes []ProcessSample `json:"processes"`

	at time.Time
}

// Bounds of [SlowCalls].
const (
	maxRecentSlow   = 50  // samples with their processes
	maxSlowProfiles = 200 // operations
	maxSlowLines    = 50  // of an operation
)

// SlowCalls are samples of slow calls: the latest ones, and a profile of each operation.
// It is bounded and safe for concurrent use.
type SlowCalls struct {
	mu       sync.Mutex
	recent   []SlowCall // the oldest first
	profiles map[slowKey]*slowProfile
}

type slowKey struct{ path, operation string }

type slowProfile struct {
	samples int
	lines   map[string]int
	latest  time.Time
}

// A SlowReport is what [SlowCalls] has.
type SlowReport struct {
	Operations []SlowOperation `json:"operations"` // those with most samples first
	Recent     []SlowCall      `json:"recent"`     // the latest first
}

// A SlowOperation is the profile of an operation: the lines that slow calls of it were at.
type SlowOperation struct {
	Path      string     `json:"path"`
	Operation string     `json:"operation,omitempty"`
	Samples   int        `json:"samples"`
	Lines     []SlowLine `json:"lines"` // those with most samples first
}

// A SlowLine is a line of code with its number of samples.
type SlowLine struct {
	Line    string `json:"line"`
	Samples int    `json:"samples"`
}

// add adds a sample. The profile that has had none for longest makes room for a new one.
// An operation's line past the bound counts in samples alone.
func (s *SlowCalls) add(call SlowCall) {
	call.at = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recent) == maxRecentSlow {
		s.recent = slices.Delete(s.recent, 0, 1)
	}
	s.recent = append(s.recent, call)
	key := slowKey{call.Path, call.Operation}
	p := s.profiles[key]
	if p == nil {
		s.makeRoom()
		p = &slowProfile{lines: make(map[string]int)}
		s.profiles[key] = p
	}
	p.samples++
	p.latest = call.at
	if _, known := p.lines[call.Line]; known || len(p.lines) < maxSlowLines {
		p.lines[call.Line]++
	}
}

// makeRoom makes room for a profile. The caller holds s.mu.
func (s *SlowCalls) makeRoom() {
	if s.profiles == nil {
		s.profiles = make(map[slowKey]*slowProfile)
	}
	if len(s.profiles) < maxSlowProfiles {
		return
	}
	var oldest slowKey
	for key, p := range s.profiles {
		if known := s.profiles[oldest]; known == nil || p.latest.Before(known.latest) {
			oldest = key
		}
	}
	delete(s.profiles, oldest)
}

// Report returns all samples.
func (s *SlowCalls) Report() SlowReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := SlowReport{Operations: []SlowOperation{}, Recent: []SlowCall{}}
	for _, call := range slices.Backward(s.recent) {
		call.AgeSeconds = time.Since(call.at).Seconds()
		report.Recent = append(report.Recent, call)
	}
	for key, p := range s.profiles {
		operation := SlowOperation{Path: key.path, Operation: key.operation, Samples: p.samples}
		for line, samples := range p.lines {
			operation.Lines = append(operation.Lines, SlowLine{line, samples})
		}
		slices.SortFunc(operation.Lines, func(a, b SlowLine) int {
			return cmp.Or(cmp.Compare(b.Samples, a.Samples), cmp.Compare(a.Line, b.Line))
		})
		report.Operations = append(report.Operations, operation)
	}
	slices.SortFunc(report.Operations, func(a, b SlowOperation) int {
		return cmp.Or(cmp.Compare(b.Samples, a.Samples), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Operation, b.Operation))
	})
	return report
}
