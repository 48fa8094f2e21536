// Package stats counts operations and keeps their latest slow and failed requests, for
// operators. It must never keep a document, variables or a token.
package stats

import (
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/cache"
)

// Bounds of [Operations]. Clients choose names and cause requests.
const (
	maxOperations = 300 // the least recently used one makes room
	maxRecent     = 10  // slow and failed requests of an operation
)

// defaultSlow is the time of a slow request unless [Operations.SetSlow] is called.
const defaultSlow = time.Second

// An Operation is what requests are counted by.
type Operation struct {
	Path string `json:"path"` // of the application
	// Kind is query, mutation or subscription; empty: the request was refused before its
	// operation was known. Such requests of an application count as one operation.
	Kind string `json:"kind"`
	Name string `json:"name"` // empty: an anonymous operation
}

// Operations has the figures of the operations that were used last, since the start of the
// gateway. It is bounded and safe for concurrent use.
type Operations struct {
	mu      sync.Mutex
	slow    time.Duration
	figures *cache.Cache[Operation, *figures]
	apps    map[string]*counts // by path, which the configuration chooses
}

// NewOperations returns Operations without figures.
func NewOperations() *Operations {
	return &Operations{slow: defaultSlow, figures: cache.New[Operation, *figures](maxOperations, 0), apps: make(map[string]*counts)}
}

// SetSlow sets the time from which on a request is slow.
func (o *Operations) SetSlow(slow time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.slow = slow
}

// Record counts an answered operation. It keeps nothing of the report but copies.
func (o *Operations) Record(r *operation.Report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.figuresOf(r).record(r, o.slow)
	app := o.apps[r.Path]
	if app == nil {
		app = new(counts)
		o.apps[r.Path] = app
	}
	app.add(r, o.slow)
}

// Requests returns the counts of all requests to the application at a path.
func (o *Operations) Requests(path string) Counts {
	o.mu.Lock()
	var snapshot counts
	if app := o.apps[path]; app != nil {
		snapshot = *app
	}
	o.mu.Unlock()
	return snapshot.report(time.Now())
}

// figuresOf returns the figures of a report's operation. The caller holds o.mu.
func (o *Operations) figuresOf(r *operation.Report) *figures {
	key := Operation{Path: r.Path, Kind: r.Kind}
	if r.Kind != "" {
		key.Name = r.Name
	}
	f, known := o.figures.Get(key)
	if !known {
		key.Name = strings.Clone(key.Name) // not a part of the document
		f = &figures{operation: key}
		o.figures.Add(key, f, 0)
	}
	return f
}
