package gateway

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/schema"
)

// Bounds on what usage keeps. Clients choose documents and names.
const (
	maxUsageOperations = 4096 // operations times clients, each with the paths it uses
	maxUsageBytes      = 16 << 20
	usageSize          = 512     // bytes of an operation without its paths, approximately
	maxEvictedUsage    = 1 << 17 // paths of evicted operations, times clients
	maxClients         = 256     // names with versions; all others are one
	maxShownName       = 128     // bytes of an operation's or a client's name
	maxShownOperations = 20      // of a path, the most frequent ones
)

// usage counts which clients use which parts of a schema. It is safe for concurrent use.
type usage struct {
	since time.Time

	mu         sync.Mutex
	operations *cache.Cache[usageKey, *operationUsage]
	clients    map[client]uint64
	evicted    evictedUsage
}

// client names a client, as the headers of Apollo's and other clients do.
type client struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type usageKey struct {
	document  [sha256.Size]byte
	operation string
	schema    string // its hash
	client    client
}

type pathClient struct {
	path   string
	client client
}

// evictedUsage counts the requests of operations that are no longer kept. Its keys are
// only ever appended to, so a snapshot copies the counts alone.
type evictedUsage struct {
	keys   []pathClient
	counts []uint64           // by index of keys
	index  map[pathClient]int // into keys
}

type operationUsage struct {
	name   string
	client client
	paths  []string
	count  uint64
	last   time.Time
}

func newUsage() *usage {
	u := &usage{since: time.Now(), clients: make(map[client]uint64), evicted: evictedUsage{index: make(map[pathClient]int)}}
	u.operations = cache.NewWithEvict(maxUsageOperations, maxUsageBytes, u.evict)
	return u
}

// evict adds the requests of an operation to its paths. u.mu is held.
func (u *usage) evict(_ usageKey, o *operationUsage) {
	for _, path := range o.paths {
		key := pathClient{path, o.client}
		if _, known := u.evicted.index[key]; !known && len(u.evicted.keys) >= maxEvictedUsage {
			key.client = otherClients
		}
		u.evicted.add(key, o.count)
	}
}

func (e *evictedUsage) add(key pathClient, count uint64) {
	i, known := e.index[key]
	if !known {
		i = len(e.keys)
		e.index[key] = i
		e.keys, e.counts = append(e.keys, key), append(e.counts, 0)
	}
	e.counts[i] += count
}

// add counts one operation that a node has run.
func (u *usage) add(s *schema.Schema, document *schema.Document, operation *schema.Operation, header http.Header) {
	key := usageKey{document.Hash, operation.Name, s.Hash(), clientOf(header)}
	if u.count(key, nil) {
		return
	}
	key.operation = strings.Clone(key.operation) // not a part of the document
	key.client = client{strings.Clone(key.client.Name), strings.Clone(key.client.Version)}
	u.count(key, &operationUsage{name: key.operation[:min(len(key.operation), maxShownName)], paths: s.UsedPaths(document.Text, key.operation)})
}

// count counts an operation, which is added if it is not known yet. It reports false if
// it is not known and added is nil.
func (u *usage) count(key usageKey, added *operationUsage) (counted bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.clients[key.client]; !known && len(u.clients) >= maxClients {
		key.client = otherClients
	}
	o, known := u.operations.Get(key)
	if !known {
		if added == nil {
			return false
		}
		o = added
		o.client = key.client
	}
	u.clients[key.client]++
	o.count++
	o.last = time.Now()
	if !known {
		u.operations.Add(key, o, o.size()+len(key.operation))
	}
	return true
}

// size is about how many bytes an operation takes.
func (o *operationUsage) size() int {
	n := usageSize
	for _, path := range o.paths {
		n += 16 + len(path)
	}
	return n
}

// otherClients are those past the bounds.
var otherClients = client{Name: "(others)"}

func clientOf(header http.Header) client {
	return client{
		Name:    cmp.Or(headerName(header, "Apollographql-Client-Name"), headerName(header, "Graphql-Client-Name")),
		Version: cmp.Or(headerName(header, "Apollographql-Client-Version"), headerName(header, "Graphql-Client-Version")),
	}
}

// headerName is a header's value as far as it may be kept and shown. Its name is in
// canonical form.
func headerName(header http.Header, name string) string {
	values := header[name]
	if len(values) == 0 || strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return values[0][:min(len(values[0]), maxShownName)]
}

// usageReport is who used what of an application's schema.
type usageReport struct {
	Path    string         `json:"path"`
	Schema  string         `json:"schema"`
	Since   time.Time      `json:"since"`
	Clients []clientUsage  `json:"clients"`
	Used    []pathUsage    `json:"used"`   // what is deprecated first, then by path
	Unused  []schema.Usage `json:"unused"` // likewise
}

type clientUsage struct {
	client
	Requests uint64 `json:"requests"`
}

type pathUsage struct {
	schema.Usage
	Requests   uint64           `json:"requests"`
	Last       *time.Time       `json:"last,omitempty"`
	Clients    []clientUsage    `json:"clients"`
	Operations []operationCount `json:"operations"` // the most frequent that are remembered
}

type operationCount struct {
	Name     string `json:"name"`
	Requests uint64 `json:"requests"`
}

// usageSnapshot is usage at one moment.
type usageSnapshot struct {
	clients    map[client]uint64
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
	byClient := make(map[string]map[client]uint64)
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
func clientUsages(counts map[client]uint64) []clientUsage {
	list := []clientUsage{}
	for c, n := range counts {
		list = append(list, clientUsage{c, n})
	}
	slices.SortFunc(list, func(a, b clientUsage) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return list
}

// writeUsage answers with the usage of every application that counts it; of those
// parts alone that are deprecated where the request asks so with ?deprecated=true.
func (g *Gateway) writeUsage(w http.ResponseWriter, r *http.Request) {
	parameters, err := parseForm(r.URL.RawQuery)
	if err != nil {
		failureOf(err, nil).write(w)
		return
	}
	deprecated := parameters.Get("deprecated") == "true"
	reports := []usageReport{}
	for _, app := range g.configured().apps {
		c := app.Contract
		if c == nil || c.usage == nil {
			continue
		}
		report := usageReport{Path: app.Config.Path, Schema: c.absinthe.Schema, Since: c.usage.since, Clients: []clientUsage{}, Used: []pathUsage{}, Unused: []schema.Usage{}}
		if s := c.served(); s != nil {
			report.Clients, report.Used, report.Unused = c.usage.snapshot().report(s)
		}
		if deprecated {
			report.Used = slices.DeleteFunc(report.Used, func(p pathUsage) bool { return !p.Deprecated })
			report.Unused = slices.DeleteFunc(report.Unused, func(use schema.Usage) bool { return !use.Deprecated })
		}
		reports = append(reports, report)
	}
	writeStatus(w, map[string]any{"apps": reports})
}
