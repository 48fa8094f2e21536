package gateway

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// The gateway refuses subscriptions without a call of a node, as documents that cannot be
// run. Other operations get 503 here, for want of a node.
func TestSubscriptionsAreRefused(t *testing.T) {
	h := unreachable(t, Limits{}, nil, forms)
	byPOST := func(contentType string, body func(document string) string) func(string) *http.Request {
		return func(document string) *http.Request {
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body(document)))
			r.Header.Set("Content-Type", contentType)
			return r
		}
	}
	byURL := func(method string) func(string) *http.Request {
		return func(document string) *http.Request {
			return httptest.NewRequest(method, "/graphql?query="+url.QueryEscape(document), nil)
		}
	}
	asJSON := byPOST("application/json", func(document string) string {
		body, _ := json.Marshal(map[string]string{"query": document})
		return string(body)
	})
	for _, document := range []string{
		`subscription { a }`,
		`subscription S($id: ID! = "1") @live { a(id: $id) { ...F } } fragment F on A { b }`,
		"\ufeff# a comment\nsubscription{a}",
	} {
		for _, tt := range []struct {
			name    string
			request func(document string) *http.Request
			accept  string
			status  int
			allow   string
		}{
			{"POST", asJSON, "", 200, ""},
			{"POST, application/graphql-response+json", asJSON, "application/graphql-response+json", 400, ""},
			{"POST of the document", byPOST("application/graphql", func(document string) string { return document }), "", 200, ""},
			{"POST of a form", byPOST("application/x-www-form-urlencoded", func(document string) string { return "query=" + url.QueryEscape(document) }), "", 200, ""},
			{"GET", byURL(http.MethodGet), "", 405, "POST"},
			{"GET, application/graphql-response+json", byURL(http.MethodGet), "application/graphql-response+json", 405, "POST"},
		} {
			r := tt.request(document)
			if tt.accept != "" {
				r.Header.Set("Accept", tt.accept)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want := `{"errors":[{"message":"Subscriptions are not served here: this endpoint runs queries and mutations.","extensions":{"code":"SUBSCRIPTION_NOT_SUPPORTED"}}]}`
			if w.Code != tt.status || w.Body.String() != want || w.Header().Get("Allow") != tt.allow {
				t.Errorf("%s of %s: %d, Allow %q, %s", tt.name, document, w.Code, w.Header().Get("Allow"), w.Body)
			}
		}
	}
	several := `{"query":"query Q { a } subscription S { a }","operationName":`
	for name, want := range map[string]string{`"S"`: "SUBSCRIPTION_NOT_SUPPORTED", `"Q"`: "NO_NODE_AVAILABLE"} {
		if _, code := ask(t, h, post(several+name+"}")); code != want {
			t.Errorf("%s of several operations: %s, want %s", name, code, want)
		}
	}
}

func TestSubscriptionsInABatchAreRefused(t *testing.T) {
	got := askBatch(t, `[{"query":"{ a }"}, {"query":"subscription { a }"}, {"query":"{ a }"}]`)
	if want := []string{"NO_NODE_AVAILABLE", "SUBSCRIPTION_NOT_SUPPORTED", "NO_NODE_AVAILABLE"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
