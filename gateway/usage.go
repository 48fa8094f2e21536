package gateway

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/louche-graphql/louche/schema"
)

// What is kept of usage. Names come from clients.
const (
	countedOperations = 4096 // operations times clients, each with what it uses
	countedBytes      = 16 << 20
	countedSize       = 512     // bytes of an operation without what it uses, about
	countedForgotten  = 1 << 17 // what operations use that are not kept any more, times clients
	countedClients    = 256     // names with versions; all others are one
	countedName       = 128     // bytes of an operation's or a client's name
	shownOperations   = 20      // of a field, the most frequent ones
)

// usage counts who uses what of a schema since it was made. It may be used by many
// at once.
type usage struct {
	since time.Time

	mu         sync.Mutex
	operations *simplelru.LRU[usageKey, *operationUsage]
	bytes      int // of operations, about
	clients    map[client]uint64
	forgotten  map[string]map[client]uint64 // by path: of operations that are not kept any more
	remembered int                          // entries of forgotten
}

// client is who says to be asking, in the headers that Apollo's and other clients
// send.
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

type operationUsage struct {
	name   string
	client client
	paths  []string
	count  uint64
	last   time.Time
}

func newUsage() *usage {
	u := &usage{since: time.Now(), clients: make(map[client]uint64), forgotten: make(map[string]map[client]uint64)}
	operations, err := simplelru.NewLRU(countedOperations, u.forget)
	if err != nil {
		panic("gateway: " + err.Error())
	}
	u.operations = operations
	return u
}

// forget keeps how often a path was used when it is not known any more by which
// operation. u.mu is held.
func (u *usage) forget(_ usageKey, o *operationUsage) {
	u.bytes -= o.size()
	for _, path := range o.paths {
		counts, c := u.forgotten[path], o.client
		if counts == nil {
			counts = make(map[client]uint64)
			u.forgotten[path] = counts
		}
		if _, known := counts[c]; !known && u.remembered >= countedForgotten {
			c = otherClients
		}
		before := len(counts)
		counts[c] += o.count
		u.remembered += len(counts) - before
	}
}

// size is about how many bytes an operation takes.
func (o *operationUsage) size() int {
	n := countedSize
	for _, path := range o.paths {
		n += 16 + len(path)
	}
	return n
}

// add counts one operation that was run.
func (u *usage) add(s *schema.Schema, document string, operation string, header http.Header) {
	key := usageKey{sumOf(document), operation[:min(len(operation), countedName)], s.Hash(), clientOf(header)}
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.clients[key.client]; !known && len(u.clients) >= countedClients {
		key.client = otherClients
	}
	o, known := u.operations.Get(key)
	if !known {
		o = u.meet(key, s, document)
	}
	u.clients[o.client]++
	o.count++
	o.last = now
}

// meet resolves what an operation uses. u.mu is held, and let go meanwhile.
func (u *usage) meet(key usageKey, s *schema.Schema, document string) *operationUsage {
	u.mu.Unlock()
	name, uses := s.Uses(document, key.operation)
	key.client = client{strings.Clone(key.client.Name), strings.Clone(key.client.Version)}
	key.operation = strings.Clone(key.operation)
	o := &operationUsage{name: name[:min(len(name), countedName)], client: key.client}
	for _, use := range uses {
		o.paths = append(o.paths, use.Path)
	}
	u.mu.Lock()
	if other, known := u.operations.Get(key); known { // met by another request
		return other
	}
	u.bytes += o.size()
	u.operations.Add(key, o)
	for u.bytes > countedBytes && u.operations.Len() > 1 {
		u.operations.RemoveOldest()
	}
	return o
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
	return values[0][:min(len(values[0]), countedName)]
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

// report tells what of a schema was used. Paths that it has not (any more) are told
// as well.
func (u *usage) report(s *schema.Schema) (clients []clientUsage, used []pathUsage, unused []schema.Usage) {
	byClient := make(map[string]map[client]uint64)
	byOperation := make(map[string]map[string]uint64)
	last := make(map[string]time.Time)
	u.mu.Lock()
	clients = counted(u.clients)
	for path, counts := range u.forgotten {
		byClient[path] = make(map[client]uint64)
		for c, n := range counts {
			byClient[path][c] += n
		}
	}
	for _, o := range u.operations.Values() {
		for _, path := range o.paths {
			if byClient[path] == nil {
				byClient[path] = make(map[client]uint64)
			}
			if byOperation[path] == nil {
				byOperation[path] = make(map[string]uint64)
			}
			byClient[path][o.client] += o.count
			byOperation[path][o.name] += o.count
			if o.last.After(last[path]) {
				last[path] = o.last
			}
		}
	}
	u.mu.Unlock()

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
		p := pathUsage{Usage: known[path], Clients: counted(counts), Operations: []operationCount{}}
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
		p.Operations = p.Operations[:min(len(p.Operations), shownOperations)]
		used = append(used, p)
	}
	slices.SortFunc(used, func(a, b pathUsage) int { return byDeprecation(a.Usage, b.Usage) })
	slices.SortFunc(unused, byDeprecation)
	return clients, used, unused
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

// counted lists clients, the most frequent first.
func counted(counts map[client]uint64) []clientUsage {
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
			report.Clients, report.Used, report.Unused = c.usage.report(s)
		}
		if deprecated {
			report.Used = slices.DeleteFunc(report.Used, func(p pathUsage) bool { return !p.Deprecated })
			report.Unused = slices.DeleteFunc(report.Unused, func(use schema.Usage) bool { return !use.Deprecated })
		}
		reports = append(reports, report)
	}
	writeStatus(w, map[string]any{"apps": reports})
}
