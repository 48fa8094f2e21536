package contract

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
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
	maxShownOperations = 20      // of a path, the most frequent ones
)

// usage counts which clients use which parts of a schema. It is safe for concurrent use.
type usage struct {
	since time.Time

	mu         sync.Mutex
	operations *cache.Cache[usageKey, *operationUsage]
	clients    map[operation.Client]uint64
	evicted    evictedUsage
}

// pathClient is a path of the schema with a client that uses it.
type pathClient struct {
	path   string
	client operation.Client
}

// evictedUsage counts the requests of operations that are no longer kept. Its keys are
// only ever appended to, so a snapshot copies the counts alone.
type evictedUsage struct {
	keys   []pathClient
	counts []uint64           // by index of keys
	index  map[pathClient]int // into keys
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

type usageKey struct {
	document  [sha256.Size]byte
	operation string
	schema    string // its hash
	client    operation.Client
}

type operationUsage struct {
	name   string
	client operation.Client
	paths  []string
	count  uint64
	last   time.Time
}

func newUsage() *usage {
	u := &usage{since: time.Now(), clients: make(map[operation.Client]uint64), evicted: evictedUsage{index: make(map[pathClient]int)}}
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

// add counts one operation that a node has run.
func (u *usage) add(s *schema.Schema, document *schema.Document, op *schema.Operation, client operation.Client) {
	key := usageKey{document.Hash, op.Name, s.Hash(), client}
	if u.count(key, nil) {
		return
	}
	key.operation = strings.Clone(key.operation) // not a part of the document
	key.client = operation.Client{Name: strings.Clone(client.Name), Version: strings.Clone(client.Version)}
	u.count(key, &operationUsage{name: operation.ShortName(key.operation), paths: s.UsedPaths(document.Text, key.operation)})
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
var otherClients = operation.Client{Name: "(others)"}
