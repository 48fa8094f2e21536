package contract

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/schema"
)

const usedSDL = `type Query { a(x: Int, y: Int @deprecated): Int old: Int @deprecated(reason: "use a") unused: Int }`

var (
	anonymous = operation.Client{}
	web       = operation.Client{Name: "web", Version: "1"}
)

func addUsage(u *usage, s *schema.Schema, text, name string, client operation.Client) {
	document, op := parse(text, name)
	u.add(s, document, op, client)
}

// usageOf returns the usage of a path.
func usageOf(t *testing.T, used []pathUsage, path string) pathUsage {
	t.Helper()
	for _, p := range used {
		if p.Path == path {
			return p
		}
	}
	t.Fatalf("%s is not among %v", path, used)
	return pathUsage{}
}

func TestUsage(t *testing.T) {
	s, u := loadSchema(t, usedSDL), newUsage()
	newer, app := operation.Client{Name: "web", Version: "2"}, operation.Client{Name: "app", Version: "3"}
	addUsage(u, s, `query Q { a(x: 1) }`, "", web)
	addUsage(u, s, `query Q { a(x: 1) }`, "Q", web)
	addUsage(u, s, `query Q { a(x: 1) }`, "", newer)
	addUsage(u, s, `query Old { old a(y: 1) }`, "", app)
	addUsage(u, s, `{ a }`, "", anonymous)

	clients, used, unused := u.snapshot().report(s)
	if want := []clientUsage{{web, 2}, {anonymous, 1}, {app, 1}, {newer, 1}}; !reflect.DeepEqual(clients, want) {
		t.Errorf("clients %v, want %v", clients, want)
	}
	if used[0].Path != "Query.a(y:)" || used[1].Path != "Query.old" {
		t.Errorf("the deprecated paths are not first: %v", used)
	}
	if old := usageOf(t, used, "Query.old"); !old.Deprecated || old.Reason != "use a" || old.Requests != 1 || old.Last == nil ||
		!reflect.DeepEqual(old.Clients, []clientUsage{{app, 1}}) || !reflect.DeepEqual(old.Operations, []operationCount{{"Old", 1}}) {
		t.Errorf("%+v", old)
	}
	if a := usageOf(t, used, "Query.a"); a.Requests != 5 || !reflect.DeepEqual(a.Operations, []operationCount{{"Q", 3}, {"", 1}, {"Old", 1}}) {
		t.Errorf("%+v", a)
	}
	if !reflect.DeepEqual(unused, []schema.Usage{{Path: "Query.unused"}}) {
		t.Errorf("unused %v", unused)
	}
}

// The report cuts a long name of an operation. The whole name selects the operation.
func TestUsageOfLongNames(t *testing.T) {
	s, u, name := loadSchema(t, usedSDL), newUsage(), strings.Repeat("N", operation.MaxName+1)
	addUsage(u, s, `query `+name+` { a } query Other { unused }`, name, anonymous)
	_, used, unused := u.snapshot().report(s)
	if len(used) != 1 || used[0].Path != "Query.a" || used[0].Operations[0].Name != name[:operation.MaxName] {
		t.Errorf("used %+v, unused %v", used, unused)
	}
}

// A panic while the paths of an operation are looked up leaves the usage unchanged and
// unlocked.
func TestUsageAfterPanic(t *testing.T) {
	s, u := loadSchema(t, usedSDL), newUsage()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a schema without types does not panic: this tests nothing")
			}
		}()
		addUsage(u, new(schema.Schema), `{ a }`, "", anonymous)
	}()
	addUsage(u, s, `{ a }`, "", anonymous)
	if clients, _, _ := u.snapshot().report(s); len(clients) != 1 || clients[0].Requests != 1 {
		t.Errorf("clients %+v", clients)
	}
}

// A report is made from a snapshot: it does not lock the usage, and later requests do not
// change it.
func TestUsageReportTakesNoLock(t *testing.T) {
	s, u := loadSchema(t, usedSDL), newUsage()
	addUsage(u, s, `{ a }`, "", anonymous)
	snapshot := u.snapshot()
	addUsage(u, s, `{ a }`, "", anonymous)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, used, _ := snapshot.report(s); used[0].Requests != 1 {
		t.Errorf("%+v", used)
	}
}

// Many documents and clients stay within the bounds, and every request is counted.
func TestUsageIsBounded(t *testing.T) {
	s, u := loadSchema(t, usedSDL), newUsage()
	const requests = 2 * maxUsageOperations
	for i := range requests {
		addUsage(u, s, fmt.Sprintf(`query Q%d { a }`, i), "", operation.Client{Name: fmt.Sprintf("c%d", i)})
	}
	if n := u.operations.Len(); n != maxUsageOperations {
		t.Errorf("%d operations are kept", n)
	}
	if n := len(u.clients); n != maxClients+1 {
		t.Errorf("%d clients are kept", n)
	}
	clients, used, _ := u.snapshot().report(s)
	if a := usageOf(t, used, "Query.a"); a.Requests != requests || len(a.Operations) != maxShownOperations || len(a.Clients) > maxClients+1 {
		t.Errorf("%d requests, %d operations, %d clients", a.Requests, len(a.Operations), len(a.Clients))
	}
	if clients[0].Name != "(others)" {
		t.Errorf("the first client is %v", clients[0])
	}
}

// Operations of many paths stay within the bound of bytes, and every request is counted.
func TestUsageIsBoundedInBytes(t *testing.T) {
	var sdl, document strings.Builder
	sdl.WriteString("type Query {")
	for i := range 1000 {
		fmt.Fprintf(&sdl, " field%d: Int", i)
		fmt.Fprintf(&document, " field%d", i)
	}
	sdl.WriteString(" }")
	s, u := loadSchema(t, sdl.String()), newUsage()
	const operations = 600
	for i := range operations {
		addUsage(u, s, fmt.Sprintf(`query Q%d {%s }`, i, &document), "", operation.Client{Name: fmt.Sprintf("c%d", i%(maxClients/2))})
	}
	if n := u.operations.Len(); n == 0 || n > maxUsageBytes/(1000*16) || u.operations.Bytes() > maxUsageBytes {
		t.Errorf("%d operations of %d bytes are kept", n, u.operations.Bytes())
	}
	if n := len(u.evicted.keys); n > maxEvictedUsage+1000 {
		t.Errorf("%d counts of evicted operations are kept", n)
	}
	_, used, _ := u.snapshot().report(s)
	if f := usageOf(t, used, "Query.field7"); f.Requests != operations {
		t.Errorf("%d of %d requests are counted", f.Requests, operations)
	}
}

func TestUsageConcurrently(t *testing.T) {
	s, u := loadSchema(t, usedSDL), newUsage()
	var adders sync.WaitGroup
	for range 4 {
		adders.Go(func() {
			for i := range 500 {
				addUsage(u, s, fmt.Sprintf(`query Q%d { a }`, i%50), "", web)
				if i%100 == 0 {
					u.snapshot().report(s)
				}
			}
		})
	}
	adders.Wait()
	if _, used, _ := u.snapshot().report(s); used[0].Requests != 2000 {
		t.Errorf("%d requests", used[0].Requests)
	}
}
