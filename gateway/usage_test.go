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
	u.add(s, `query Q { a(x: 1) }`, "", said("web", "1"))
	u.add(s, `query Q { a(x: 1) }`, "Q", said("web", "1"))
	u.add(s, `query Q { a(x: 1) }`, "", said("web", "2"))
	u.add(s, `query Old { old a(y: 1) }`, "", http.Header{"Apollographql-Client-Name": {"app"}, "Apollographql-Client-Version": {"3"}, "Graphql-Client-Name": {"x"}})
	u.add(s, `{ a }`, "", nil)

	clients, used, unused := u.report(s)
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

// However many documents and clients there are, little is kept, and no count is
// lost.
func TestUsageIsBounded(t *testing.T) {
	s, err := schema.Load(usedSDL)
	if err != nil {
		t.Fatal(err)
	}
	u := newUsage()
	const requests = 2 * countedOperations
	for i := range requests {
		u.add(s, fmt.Sprintf(`query Q%d { a }`, i), "", said(fmt.Sprintf("c%d", i), strings.Repeat("9", 1000)))
	}
	if n := u.operations.Len(); n != countedOperations {
		t.Errorf("%d operations are kept", n)
	}
	if n := len(u.clients); n != countedClients+1 {
		t.Errorf("%d clients are kept", n)
	}
	clients, used, _ := u.report(s)
	if a := countOf(t, used, "Query.a"); a.Requests != requests || len(a.Operations) != shownOperations || len(a.Clients) > countedClients+1 {
		t.Errorf("%d requests, %d operations, %d clients", a.Requests, len(a.Operations), len(a.Clients))
	}
	if clients[0].Name != "(others)" || len(clients[1].Version) != countedName {
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
		u.add(s, fmt.Sprintf(`query Q%d {%s }`, i, &document), "", said(fmt.Sprintf("c%d", i%(countedClients/2)), ""))
	}
	if n := u.operations.Len(); n == 0 || n > countedBytes/(1000*16) || u.bytes > countedBytes {
		t.Errorf("%d operations are kept, of %d bytes", n, u.bytes)
	}
	if u.remembered > countedForgotten+1000 {
		t.Errorf("%d counts of others are kept", u.remembered)
	}
	_, used, _ := u.report(s)
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
				u.add(s, fmt.Sprintf(`query Q%d { a }`, i%50), "", said("web", "1"))
				if i%100 == 0 {
					u.report(s)
				}
			}
		})
	}
	all.Wait()
	if _, used, _ := u.report(s); used[0].Requests != 2000 {
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
