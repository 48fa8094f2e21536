package contract

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/schema"
)

// A UsageReport lists which parts of an application's schema its clients used.
type UsageReport struct {
	Path    string         `json:"path"`
	Schema  string         `json:"schema"`
	Since   time.Time      `json:"since"`
	Clients []clientUsage  `json:"clients"`
	Used    []pathUsage    `json:"used"`   // deprecated parts first, then by path
	Unused  []schema.Usage `json:"unused"` // likewise
}

type clientUsage struct {
	operation.Client
	Requests uint64 `json:"requests"`
}

type pathUsage struct {
	schema.Usage
	Requests   uint64           `json:"requests"`
	Last       *time.Time       `json:"last,omitempty"`
	Clients    []clientUsage    `json:"clients"`
	Operations []operationCount `json:"operations"` // the most frequent of those that are kept
}

type operationCount struct {
	Name     string `json:"name"`
	Requests uint64 `json:"requests"`
}

// Usage reports the usage of the application at a path, of deprecated parts alone if
// deprecated is set; nil: usage is off.
func (c *Contract) Usage(path string, deprecated bool) *UsageReport {
	if c == nil || c.usage == nil {
		return nil
	}
	r := &UsageReport{Path: path, Schema: c.absinthe.Schema, Since: c.usage.since, Clients: []clientUsage{}, Used: []pathUsage{}, Unused: []schema.Usage{}}
	if s := c.Schema(); s != nil {
		r.Clients, r.Used, r.Unused = c.usage.snapshot().report(s)
	}
	if deprecated {
		r.Used = slices.DeleteFunc(r.Used, func(p pathUsage) bool { return !p.Deprecated })
		r.Unused = slices.DeleteFunc(r.Unused, func(u schema.Usage) bool { return !u.Deprecated })
	}
	return r
}

// usageSnapshot is usage at one moment.
type usageSnapshot struct {
	clients    map[operation.Client]uint64
	evicted    evictedUsage
	operations []operationUsage
}

// snapshot copies the counts. Requests wait meanwhile, so it does nothing else.
func (u *usage) snapshot() usageSnapshot {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := usageSnapshot{clients: maps.Clone(u.clients), evicted: evictedUsage{keys: u.evicted.keys, counts: slices.Clone(u.evicted.counts)}}
	operations := u.operations.Values()
	s.operations = make([]operationUsage, len(operations))
	for i, o := range operations {
		s.operations[i] = *o
	}
	return s
}

// report lists which paths of a schema are used, and which are not. Used paths that the
// schema lacks are listed too.
func (u usageSnapshot) report(s *schema.Schema) (clients []clientUsage, used []pathUsage, unused []schema.Usage) {
	byClient := make(map[string]map[operation.Client]uint64)
	byOperation := make(map[string]map[string]uint64)
	last := make(map[string]time.Time)
	for i, key := range u.evicted.keys {
		addCount(byClient, key.path, key.client, u.evicted.counts[i])
	}
	for _, o := range u.operations {
		for _, path := range o.paths {
			addCount(byClient, path, o.client, o.count)
			addCount(byOperation, path, o.name, o.count)
			if o.last.After(last[path]) {
				last[path] = o.last
			}
		}
	}
	known := make(map[string]schema.Usage)
	unused = []schema.Usage{}
	for _, use := range s.Paths() {
		known[use.Path] = use
		if byClient[use.Path] == nil {
			unused = append(unused, use)
		}
	}
	used = []pathUsage{}
	for path, counts := range byClient {
		p := pathUsage{Usage: known[path], Clients: clientUsages(counts), Operations: []operationCount{}}
		p.Path = path
		for _, c := range p.Clients {
			p.Requests += c.Requests
		}
		if at, known := last[path]; known {
			p.Last = &at
		}
		for name, n := range byOperation[path] {
			p.Operations = append(p.Operations, operationCount{name, n})
		}
		slices.SortFunc(p.Operations, func(a, b operationCount) int {
			return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
		})
		p.Operations = p.Operations[:min(len(p.Operations), maxShownOperations)]
		used = append(used, p)
	}
	slices.SortFunc(used, func(a, b pathUsage) int { return byDeprecation(a.Usage, b.Usage) })
	slices.SortFunc(unused, byDeprecation)
	return clientUsages(u.clients), used, unused
}

func addCount[K comparable](counts map[string]map[K]uint64, path string, key K, n uint64) {
	if counts[path] == nil {
		counts[path] = make(map[K]uint64)
	}
	counts[path][key] += n
}

func byDeprecation(a, b schema.Usage) int {
	if a.Deprecated != b.Deprecated {
		if a.Deprecated {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Path, b.Path)
}

// clientUsages lists clients, the most frequent first.
func clientUsages(counts map[operation.Client]uint64) []clientUsage {
	list := []clientUsage{}
	for c, n := range counts {
		list = append(list, clientUsage{c, n})
	}
	slices.SortFunc(list, func(a, b clientUsage) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return list
}
