package e2e_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Requests create no atoms, whatever words they contain: a node never frees an atom, and
// ends at about a million of them.
//
// The short form of the test sends fewer requests. TEST_CHAOS=long sends all.
func TestRequestsMakeNoAtoms(t *testing.T) {
	requests := 5_000
	if os.Getenv("TEST_CHAOS") == "long" {
		requests = 100_000
	}
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    forms: true", "    uploads: {files: 2}", "    contract: {validate: report, usage: true}", "    cors: {origins: []}", `    auth:
      anonymous: allow
      methods:
        - proxy_headers: {subject: X-User-Id, claims: {roles: X-Roles, email: X-Email}}
    context:
      user: {claim: sub}
      email: {claim: email, type: string}
      roles: {header: X-Roles, type: [string]}
      locale: {cookie: locale}
      ip: {request: client_address}
      request: {request: request_id}
      trace: {request: trace_id}
      scope: {fields: {tenant: {header: X-Tenant}}}`))
	ran := node.Count(t, "Absinthe.run/3")

	eventually(t, "the node has told its schema", func() bool { return strings.Contains(g.status(t), `"schema_hash": "`) })

	// A release loads all code, with its atoms, at the start. The test node loads code at
	// its first use, so a first flood makes it load everything.
	node.Eval(t, "for {app, _, _} <- Application.loaded_applications(), do: :code.ensure_modules_loaded(Application.spec(app, :modules))")
	flood(t, g, 1, 2_000)
	node.Atoms(t) // compiles the expression
	ranBefore, before := ran(), node.Atoms(t)
	flood(t, g, 2, requests)
	if after := node.Atoms(t); after != before {
		t.Errorf("%d requests made %d atoms, of which some are %s", requests, after-before, node.NewAtoms(t, before))
	}
	if reached := ran() - ranBefore; reached < requests/2 {
		t.Errorf("%d of %d requests had the node run something", reached, requests)
	}
}

// flood sends requests over a few connections. Floods with different seeds have no word in
// common.
func flood(t *testing.T, g *running, seed uint64, requests int) {
	t.Helper()
	const connections = 8
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var clients sync.WaitGroup
	for c := range connections {
		clients.Go(func() {
			words := words{rand.New(rand.NewPCG(seed, uint64(c)))}
			for i := c; i < requests; i += connections {
				resp, err := client.Do(words.request(t, g.url, i))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode >= 500 {
					t.Errorf("request %d: %s", i, resp.Status)
					return
				}
			}
		})
	}
	clients.Wait()
}

// words makes requests from unique words.
type words struct{ *rand.Rand }

func (w words) word() string { return fmt.Sprintf("%c%x", 'a'+rune(w.IntN(26)), w.Uint64()) }

// fill replaces every _ by a word.
func (w words) fill(text string) string {
	parts := strings.Split(text, "_")
	for i := range parts[:len(parts)-1] {
		parts[i] += w.word()
	}
	return strings.Join(parts, "")
}

// The documents have _ for every name and value of GraphQL.
var wordyDocuments = []string{
	`{ contextText }`,
	`query _ { hello }`,
	`query _ { hello } query _ { hello }`,
	`{ _ }`,
	`{ _: hello }`,
	`{ hello(_: 1) }`,
	`{ hello(name: "_") }`,
	`{ hello(name: """_""") }`,
	`{ hello(name: _) }`,
	`{ hello @_ }`,
	`{ hello @include(if: true, _: _) }`,
	`{ ..._ } fragment _ on _ { _ }`,
	`{ ... on _ { hello } }`,
	`query _($_: _! = _, $_: [_]) @_ { _: hello(name: $_) }`,
	`{ parts(limit: 1, filter: {status: _, _: 1, _: {_: $_}}) { id _ } }`,
	`{ person(id: "_") { id } }`,
	`mutation _ { _(_: {_: _}) { _ } }`,
	`mutation { append(id: "_") }`,
	`subscription _ { _ }`,
	`type _ implements _ @_ { _(_: _ = _): _ } { hello }`,
	`enum _ { _ _ } input _ { _: _ = _ } scalar _ union _ = _ | _ interface _ { _: _ } { hello }`,
	`directive @_(_: _) on FIELD | _ schema { query: _ _: _ } { hello }`,
	`extend type _ { _: _ } { hello }`,
	`_ { hello }`,
	`{ hello ( _ ] _`,
	"# _\n{ hello }",
	`{ @#_% }`,
}

// file returns a file.
func (w words) file(name string) part { return part{name, w.fill("_._"), w.fill("_/_; _=_"), w.word()} }

func (w words) multipart(parts ...part) (contentType, body string) {
	encoded, contentType := multipartBody(parts...)
	return contentType, string(encoded)
}

// request returns request i, in turn of every kind.
func (w words) request(t *testing.T, base string, i int) *http.Request {
	document := w.fill(wordyDocuments[i%len(wordyDocuments)])
	members := map[string]any{
		"query":         document,
		"operationName": w.word(),
		"variables":     map[string]any{w.word(): w.word(), w.word(): map[string]any{w.word(): []any{w.word(), 1, true, nil}}},
		"extensions":    map[string]any{w.word(): w.word()},
		w.word():        w.word(),
	}
	if i%2 == 0 {
		delete(members, "operationName")
	}
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	query := url.Values{"query": {document}, "variables": {encode(members["variables"])}, w.word(): {w.word()}}
	method, path, form, body := http.MethodPost, "/graphql", "application/json", encode(members)
	switch i / len(wordyDocuments) % 16 {
	case 0, 1, 2:
		method, path, body = http.MethodGet, "/graphql?"+query.Encode(), ""
	case 3, 4:
		body = "[" + body + "," + body + "]"
	case 5:
		form, body = "application/graphql", document
	case 6:
		form, body = "application/x-www-form-urlencoded", query.Encode()
	case 7:
		members["extensions"] = map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": fmt.Sprintf("%x", sha256.Sum256([]byte(document)))}}
		body = encode(members)
	case 8:
		body = encode(map[string]any{"documentId": w.word(), "extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": fmt.Sprintf("%064x", w.Uint64())}}})
	case 10:
		name, key := w.word(), w.word()
		members["variables"] = map[string]any{name: nil, w.word(): w.word()}
		form, body = w.multipart(field("operations", encode(members)), field("map", encode(map[string]any{key: []string{"variables." + name}})), w.file(key))
	case 11:
		key := w.word()
		form, body = w.multipart(field(w.word(), w.word()), field("query", fmt.Sprintf("mutation { upload(file: %q) }", key)), w.file(key))
	case 9:
		switch i % 4 {
		case 0:
			path = w.fill("/_/_?_=_")
		case 1:
			method = strings.ToUpper(w.word())
		case 2:
			form = w.fill("_/_; _=_")
		case 3:
			body = w.fill(`{"_": _}`)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
	}
	r.Header = http.Header{
		"Content-Type":                         {form},
		"Accept":                               {w.fill("application/json, _/_")},
		"Accept-Language":                      {w.word()},
		"Authorization":                        {w.fill("Bearer _")},
		"Cookie":                               {w.fill("_=_; locale=_")},
		"User-Agent":                           {w.word()},
		"X-User-Id":                            {w.word()},
		"X-Roles":                              {w.fill("_,_")},
		"X-Email":                              {w.word()},
		"X-Tenant":                             {w.word()},
		"X-Request-Id":                         {w.word()},
		"X-Requested-With":                     {w.word()},
		"Traceparent":                          {fmt.Sprintf("00-%032x-%016x-01", w.Uint64(), w.Uint64())},
		"Apollographql-Client-Name":            {w.word()},
		"Graphql-Client-Version":               {w.word()},
		http.CanonicalHeaderKey(w.fill("X-_")): {w.word()},
	}
	return r
}
