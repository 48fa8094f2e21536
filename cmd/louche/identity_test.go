package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// A door is the section of an application that lets in those alone who say who they
// are.
type door struct {
	name    string
	section []string // lines
	// accepted are the headers of a request that says so, refused those of requests
	// that do not: names and values in turns.
	accepted []string
	refused  map[string][]string
	// status is what every request gets that is refused, whatever else is the matter
	// with it; 0: who is asking is looked at after other things.
	status int
}

// knocks are the ways to ask.
var knocks = []struct {
	name    string
	request [4]string // method, path, media type, body
	// quiet: the node is asked nothing for it, whoever asks.
	quiet bool
}{
	{name: "query", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ counter }"}`}},
	{name: "mutation", request: [4]string{"POST", "/graphql", "application/json", `{"query":"mutation { append(id: \"1\") }"}`}},
	{name: "introspection", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ __schema { queryType { name } } }"}`}},
	{name: "document of which nothing is known", request: [4]string{"POST", "/graphql", "application/json", `{"query":"{ counter"}`}},
	{name: "GET", request: [4]string{"GET", "/graphql?query=" + url.QueryEscape("{ counter }")}},
	{name: "HEAD", request: [4]string{"HEAD", "/graphql?query=" + url.QueryEscape("{ counter }")}},
	{name: "document alone", request: [4]string{"POST", "/graphql", "application/graphql", `{ counter }`}},
	{name: "form", request: [4]string{"POST", "/graphql", "application/x-www-form-urlencoded", "query=" + url.QueryEscape("{ counter }")}},
	{name: "batch", request: [4]string{"POST", "/graphql", "application/json", `[{"query":"{ counter }"},{"query":"mutation { append(id: \"1\") }"}]`}},
	{name: "hash registered", request: [4]string{"POST", "/graphql", "application/json", persisted(`{ counter }`, `"query":"{ counter }",`)}},
	{name: "hash", request: [4]string{"POST", "/graphql", "application/json", persisted(`{ counter }`, "")}},
	{name: "hash by GET", request: [4]string{"GET", "/graphql?extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hash(`{ counter }`)+`"}}`)}},
	{name: "trusted document", request: [4]string{"POST", "/trusted", "application/json", `{"documentId":"count"}`}},
	{name: "trusted document by GET", request: [4]string{"GET", "/trusted?documentId=count"}},
	{name: "schema", request: [4]string{"GET", "/graphql/schema.graphql"}, quiet: true},
}

func hash(document string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(document))) }

func persisted(document, more string) string {
	return `{` + more + `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash(document) + `"}}}`
}

// Of requests that do not say who is asking, where that is required, the node hears
// nothing: it counts by itself what it runs.
func TestNobodyComesIn(t *testing.T) {
	manifest := write(t, `{"count":"{ counter }"}`)
	for _, d := range []door{
		{
			name:     "header of a proxy",
			section:  []string{"    context: {user: {header: X-User-Id, type: integer, required: true}}"},
			accepted: []string{"X-User-Id", "42"},
			refused: map[string][]string{
				"none":             nil,
				"empty":            {"X-User-Id", ""},
				"another header":   {"X-User", "42"},
				"not an integer":   {"X-User-Id", "admin"},
				"two":              {"X-User-Id", "42", "X-User-Id", "43"},
				"two in one":       {"X-User-Id", "42, 43"},
				"as a cookie":      {"Cookie", "X-User-Id=42"},
				"with underscores": {"X_User_Id", "42"},
			},
		},
	} {
		t.Run(d.name, func(t *testing.T) {
			epmd := beamtest.StartEPMD(t)
			node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
			ran := node.Count(t, "Absinthe.run/3")
			g := startGateway(t, before(epmd, slices.Concat(
				d.section,
				[]string{
					"    forms: true",
					"    contract: {sdl: public}",
					"  - path: /trusted",
					"    schema: TestApp.Schema",
					fmt.Sprintf("    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: 100ms}", epmd),
					fmt.Sprintf("    trusted_documents: {mode: enforce, manifests: [%s]}", manifest),
				},
				d.section,
			)...))
			eventually(t, "the node has told its schema", func() bool { return strings.Count(g.status(t), `"schema_hash": "`) == 2 })

			refuse := func() {
				already := ran()
				for _, why := range slices.Sorted(maps.Keys(d.refused)) {
					for _, knock := range knocks {
						status, answer := g.knock(t, knock.request, d.refused[why])
						if knock.quiet {
							continue
						}
						if strings.Contains(answer, `"data"`) || answer == "" != (knock.request[0] == "HEAD") || d.status != 0 && status != d.status {
							t.Errorf("%s, credentials %s: %d %s", knock.name, why, status, answer)
						}
						if now := ran(); now != already {
							t.Errorf("%s, credentials %s: the node ran %d operations", knock.name, why, now-already)
							already = now
						}
					}
				}
			}
			refuse()
			for _, knock := range knocks {
				already := ran()
				status, answer := g.knock(t, knock.request, d.accepted)
				if reached := ran() > already; status != 200 || reached == knock.quiet {
					t.Errorf("%s, with credentials: %d %s; reached the node: %v", knock.name, status, answer, reached)
				}
			}
			// What others have asked for is remembered by now.
			refuse()
		})
	}
}

// knock sends a request with these headers.
func (g *running) knock(t *testing.T, request [4]string, header []string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), request[0], g.url+request[1], strings.NewReader(request[3]))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "a program") // no page of another site made it
	if request[2] != "" {
		r.Header.Set("Content-Type", request[2])
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}
