package gateway

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/schema"
)

const usedSDL = `type Query { a(x: Int, y: Int @deprecated): Int old: Int @deprecated(reason: "use a") unused: Int }`

// said is what a client's requests say of it: name and version.
func said(name, version string) http.Header {
	return http.Header{"Graphql-Client-Name": {name}, "Graphql-Client-Version": {version}}
}

func addUsage(u *usage, s *schema.Schema, document, operation string, header http.Header) {
	d := schema.NewDocumentCache(1).Get(document)
	u.add(s, d, d.Operation(operation), header)
}

func countOf(t *testing.T, used []pathUsage, path string) pathUsage {
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
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	addUsage(u, s, `query Q { a(x: 1) }`, "", said("web", "1"))
	addUsage(u, s, `query Q { a(x: 1) }`, "Q", said("web", "1"))
	addUsage(u, s, `query Q { a(x: 1) }`, "", said("web", "2"))
	addUsage(u, s, `query Old { old a(y: 1) }`, "", http.Header{"Apollographql-Client-Name": {"app"}, "Apollographql-Client-Version": {"3"}, "Graphql-Client-Name": {"x"}})
	addUsage(u, s, `{ a }`, "", nil)

	clients, used, unused := u.snapshot().report(s)
	want := []clientUsage{{client{"web", "1"}, 2}, {client{"", ""}, 1}, {client{"app", "3"}, 1}, {client{"web", "2"}, 1}}
	if !reflect.DeepEqual(clients, want) {
		t.Errorf("clients %v, want %v", clients, want)
	}
	if paths := []string{used[0].Path, used[1].Path}; paths[0] != "Query.a(y:)" || paths[1] != "Query.old" {
		t.Errorf("what is deprecated is not first: %v", paths)
	}
	if old := countOf(t, used, "Query.old"); !old.Deprecated || old.Reason != "use a" || old.Requests != 1 || old.Last == nil ||
		!reflect.DeepEqual(old.Clients, []clientUsage{{client{"app", "3"}, 1}}) || !reflect.DeepEqual(old.Operations, []operationCount{{"Old", 1}}) {
		t.Errorf("%+v", old)
	}
	if a := countOf(t, used, "Query.a"); a.Requests != 5 || !reflect.DeepEqual(a.Operations, []operationCount{{"Q", 3}, {"", 1}, {"Old", 1}}) {
		t.Errorf("%+v", a)
	}
	if !reflect.DeepEqual(unused, []schema.Usage{{Path: "Query.unused"}}) {
		t.Errorf("unused %v", unused)
	}
}

// An operation is found by its whole name, whatever of the name is shown.
func TestUsageOfLongNames(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u, name := newUsage(), strings.Repeat("N", maxShownName+1)
	addUsage(u, s, `query `+name+` { a } query Other { unused }`, name, nil)
	_, used, unused := u.snapshot().report(s)
	if len(used) != 1 || used[0].Path != "Query.a" || used[0].Operations[0].Name != name[:maxShownName] {
		t.Errorf("used %+v, unused %v", used, unused)
	}
}

// A panic while the paths of an operation are looked up leaves the usage as it was.
func TestUsageAfterPanic(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a schema without types does not panic: this tests nothing")
			}
		}()
		addUsage(u, new(schema.Schema), `{ a }`, "", nil)
	}()
	addUsage(u, s, `{ a }`, "", nil)
	if clients, _, _ := u.snapshot().report(s); len(clients) != 1 || clients[0].Requests != 1 {
		t.Errorf("clients %+v", clients)
	}
}

// A report is built of a snapshot: requests go on being counted meanwhile.
func TestUsageReportTakesNoLock(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	addUsage(u, s, `{ a }`, "", nil)
	snapshot := u.snapshot()
	addUsage(u, s, `{ a }`, "", nil)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, used, _ := snapshot.report(s); used[0].Requests != 1 {
		t.Errorf("%+v", used)
	}
}

// However many documents and clients there are, little is kept, and no count is
// lost.
func TestUsageIsBounded(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	const requests = 2 * maxUsageOperations
	for i := range requests {
		addUsage(u, s, fmt.Sprintf(`query Q%d { a }`, i), "", said(fmt.Sprintf("c%d", i), strings.Repeat("9", 1000)))
	}
	if n := u.operations.Len(); n != maxUsageOperations {
		t.Errorf("%d operations are kept", n)
	}
	if n := len(u.clients); n != maxClients+1 {
		t.Errorf("%d clients are kept", n)
	}
	clients, used, _ := u.snapshot().report(s)
	if a := countOf(t, used, "Query.a"); a.Requests != requests || len(a.Operations) != maxShownOperations || len(a.Clients) > maxClients+1 {
		t.Errorf("%d requests, %d operations, %d clients", a.Requests, len(a.Operations), len(a.Clients))
	}
	if clients[0].Name != "(others)" || len(clients[1].Version) != maxShownName {
		t.Errorf("%v, %v", clients[0], clients[1])
	}
}

// Operations that use much are fewer, and no count is lost.
func TestUsageIsBoundedInBytes(t *testing.T) {
	var sdl, document strings.Builder
	sdl.WriteString("type Query {")
	for i := range 1000 {
		fmt.Fprintf(&sdl, " field%d: Int", i)
		fmt.Fprintf(&document, " field%d", i)
	}
	sdl.WriteString(" }")
	s, err := schema.Load(sdl.String())
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	const operations = 600
	for i := range operations {
		addUsage(u, s, fmt.Sprintf(`query Q%d {%s }`, i, &document), "", said(fmt.Sprintf("c%d", i%(maxClients/2)), ""))
	}
	if n := u.operations.Len(); n == 0 || n > maxUsageBytes/(1000*16) || u.operations.Bytes() > maxUsageBytes {
		t.Errorf("%d operations are kept, of %d bytes", n, u.operations.Bytes())
	}
	if len(u.evicted.keys) > maxEvictedUsage+1000 {
		t.Errorf("%d counts of others are kept", len(u.evicted.keys))
	}
	_, used, _ := u.snapshot().report(s)
	if f := countOf(t, used, "Query.field7"); f.Requests != operations {
		t.Errorf("%d requests are counted of %d", f.Requests, operations)
	}
}

func TestUsageConcurrently(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				addUsage(u, s, fmt.Sprintf(`query Q%d { a }`, i%50), "", said("web", "1"))
				if i%100 == 0 {
					u.snapshot().report(s)
				}
			}
		})
	}
	all.Wait()
	if _, used, _ := u.snapshot().report(s); used[0].Requests != 2000 {
		t.Errorf("%d requests", used[0].Requests)
	}
}

func TestClientOf(t *testing.T) {
	for _, test := range []struct {
		header http.Header
		want   client
	}{
		{nil, client{}},
		{said("a", "1"), client{"a", "1"}},
		{said("a\nb", "1"), client{"", "1"}},
		{said("ü", ""), client{}},
		{http.Header{"Graphql-Client-Name": {"a", "b"}}, client{"a", ""}},
	} {
		if got := clientOf(test.header); got != test.want {
			t.Errorf("%v: %v, want %v", test.header, got, test.want)
		}
	}
}
