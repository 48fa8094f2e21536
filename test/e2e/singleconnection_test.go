package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// request sends a request to the application and returns its response.
func (g *running) request(t *testing.T, method, query, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.url+"/graphql"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// One stream carries the results of all operations of its token, until the client ends them or
// leaves.
func TestSingleConnection(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	keys := fmt.Sprintf("    auth: {methods: [{api_keys: {keys: [{name: a, sha256: %q}, {name: b, sha256: %q}]}}]}", hash(apiKey), hash(apiKey+"b"))
	g := startGateway(t, configFor(epmd, subscriptions, keys)+"shutdown_grace: 1s\n")
	before := node.Subscribers(t)
	key := []string{"X-Api-Key", apiKey}
	if resp := g.request(t, http.MethodPut, "", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a reservation without credentials: %s", resp.Status)
	}
	reservation := g.request(t, http.MethodPut, "", "", key...)
	text, _ := io.ReadAll(reservation.Body)
	token := string(text)
	if reservation.StatusCode != http.StatusCreated || len(token) < 26 {
		t.Fatalf("reservation: %s %s", reservation.Status, token)
	}
	send := func(token, operation string, header ...string) int {
		t.Helper()
		return g.request(t, http.MethodPost, "", operation, append([]string{"Content-Type", "application/json", "X-GraphQL-Event-Stream-Token", token}, header...)...).StatusCode
	}
	event := func(id string) string {
		return fmt.Sprintf(`{"query":"subscription { event(channel: \"news\") }","extensions":{"operationId":%q}}`, id)
	}
	if status := send(token, event("1"), key...); status != http.StatusNotFound {
		t.Errorf("an operation before the stream is open: %d", status)
	}
	open := func(query string) *stream {
		ctx, leave := context.WithCancel(t.Context())
		t.Cleanup(leave)
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/graphql"+query, nil)
		r.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return &stream{resp, bufio.NewScanner(resp.Body), leave}
	}
	s := open("?token=" + token) // as a browser's EventSource, without credentials
	if s.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %s", s.Status)
	}
	for what, status := range map[string][2]int{
		"a second stream":                  {open("?token=" + token).StatusCode, http.StatusConflict},
		"a stream without a reservation":   {open("?token=unknown").StatusCode, http.StatusNotFound},
		"an operation for another token":   {send("unknown", event("1"), key...), http.StatusNotFound},
		"an operation of another identity": {send(token, event("1"), "X-Api-Key", apiKey+"b"), http.StatusNotFound},
		"an operation without credentials": {send(token, event("1")), http.StatusUnauthorized},
		"an operation without an id":       {send(token, `{"query":"{ echoText(text: \"x\") }"}`, key...), http.StatusBadRequest},
		"a document that does not parse":   {send(token, `{"query":"{","extensions":{"operationId":"1"}}`, append(key, "Accept", "application/graphql-response+json")...), http.StatusBadRequest},
	} {
		if status[0] != status[1] {
			t.Errorf("%s: %d, want %d", what, status[0], status[1])
		}
	}

	if status := send(token, `{"query":"{ echoText(text: \"x\") }","extensions":{"operationId":"q"}}`, key...); status != http.StatusAccepted {
		t.Errorf("a query: %d", status)
	}
	s.expect(t, `next {"id":"q","payload":{"data":{"echoText":"x"}}}`, `complete {"id":"q"}`)
	for _, id := range []string{"1", "2"} {
		if status := send(token, event(id), key...); status != http.StatusAccepted {
			t.Errorf("a subscription: %d", status)
		}
	}
	if status := send(token, event("1"), key...); status != http.StatusConflict {
		t.Errorf("an id that is taken: %d", status)
	}
	node.Publish(t, "news", "1")
	got := []string{s.next(t), s.next(t)}
	if !strings.Contains(got[0]+got[1], `next {"id":"1","payload":{"data":{"event":1}}}`) || !strings.Contains(got[0]+got[1], `{"id":"2"`) {
		t.Errorf("two subscriptions got %q", got)
	}
	if resp := g.request(t, http.MethodDelete, "?operationId=1&token="+token, "", key...); resp.StatusCode != http.StatusOK {
		t.Errorf("the end of an operation: %s", resp.Status)
	}
	eventually(t, "one operation is left", func() bool { return g.metric(t, `louche_subscriptions{app="/graphql"}`) == 1 })
	node.Publish(t, "news", "2")
	s.expect(t, `next {"id":"2","payload":{"data":{"event":2}}}`)
	s.leave()
	waittest.Until(t, "no process is left", func() bool { return node.Subscribers(t) == before })
	if status := send(token, event("3"), key...); status != http.StatusNotFound {
		t.Errorf("an operation on a stream that has ended: %d", status)
	}
}
