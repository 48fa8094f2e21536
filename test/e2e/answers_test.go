package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The fields of a response are in the order of the document, after the errors.
func TestOrderOfAnswers(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for document, want := range map[string]string{
		`{ person(id: "2") { id salary } }`: `{"errors":[{"message":"forbidden","locations":[{"line":1,"column":24}],"path":["person","salary"],"code":"FORBIDDEN","status":403}],"data":{"person":{"id":"2","salary":null}}}`,
		`{ node(id: "p1") { __typename id ... on Part { sku } } search { __typename ... on Person { name } ... on Part { sku } } }`: `{"data":{"node":{"__typename":"Part","id":"p1","sku":"SKU-1"},"search":[{"__typename":"Person","name":"Person 1"},{"__typename":"Part","sku":"SKU-1"}]}}`,
	} {
		if status, got := g.query(t, document); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", document, status, got, want)
		}
	}
}

func TestErrorExtensions(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    error_extensions: true"))
	for document, want := range map[string]string{
		`{ person(id: "2") { id salary } }`: `{"errors":[{"message":"forbidden","locations":[{"line":1,"column":24}],"path":["person","salary"],"extensions":{"code":"FORBIDDEN","status":403}}],"data":{"person":{"id":"2","salary":null}}}`,
		`{ person(id: "2") { id must } }`:   `{"errors":[{"message":"Cannot return null for non-nullable field","locations":[{"line":1,"column":24}],"path":["person","must"]}],"data":{"person":null}}`,
	} {
		if status, got := g.query(t, document); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", document, status, got, want)
		}
	}
}

// The log has the text of a resolver's error that has no code. The client gets the request
// id only.
func TestMaskErrors(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    mask_errors: true"))
	for document, want := range map[string]string{
		`{ person(id: "2") { id must } }`:   `{"errors":[{"message":"The application failed to answer this.","locations":[{"line":1,"column":24}],"path":["person","must"],"extensions":{"code":"INTERNAL"}}],"data":{"person":null}}`,
		`{ person(id: "2") { id salary } }`: `{"errors":[{"message":"forbidden","locations":[{"line":1,"column":24}],"path":["person","salary"],"code":"FORBIDDEN","status":403}],"data":{"person":{"id":"2","salary":null}}}`,
		`{ nope }`:                          `{"errors":[{"message":"Cannot query field \"nope\" on type \"RootQueryType\". Did you mean \"node\"?","locations":[{"line":1,"column":3}]}]}`,
	} {
		body, _ := json.Marshal(map[string]string{"query": document})
		if status, got := g.post(t, string(body), "X-Request-Id", "masked-request"); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", document, status, got, want)
		}
	}
	log := g.log.String()
	if strings.Count(log, "error masked") != 1 || !strings.Contains(log, "masked-request") || !strings.Contains(log, "Cannot return null") {
		t.Errorf("logged:\n%s", log)
	}
}

// Context fields from headers identify a request for introspection.
func TestIntrospectionByIdentifiedRequests(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    document_limits: {introspection: identified}", "    context: {current_user_id: {header: X-User-Id, type: integer, default: 1}, tenant: {value: acme}}"))
	const asking = `{"query":"{ __type(name: \"Part\") { name } }"}`
	if status, answer := g.post(t, asking); status != 403 || code(t, answer) != "INTROSPECTION_DISABLED" {
		t.Errorf("anonymous: %d %s", status, answer)
	}
	if status, answer := g.post(t, asking, "X-User-Id", "42"); status != 200 || code(t, answer) == "INTROSPECTION_DISABLED" {
		t.Errorf("identified: %d %s", status, answer)
	}
	if status, answer := g.query(t, `{ counter }`); status != 200 || !strings.Contains(answer, `"counter":1`) {
		t.Errorf("anonymous, without introspection: %d %s", status, answer)
	}
	if _, answer := g.post(t, `[`+asking+`,{"query":"{ counter }"}]`); !strings.Contains(answer, "INTROSPECTION_DISABLED") || !strings.Contains(answer, `"counter":2`) {
		t.Errorf("anonymous, in a batch: %s", answer)
	}
}

// A document over a limit is refused before it reaches a node, and is not counted.
func TestDocumentLimits(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    document_limits: {depth: 2, introspection: refuse}", "    max_complexity: 3"))
	for document, want := range map[string]string{
		`{ session { user { id name email } } }`: "TOO_DEEP",
		`{ __type(name: "Part") { name } }`:      "INTROSPECTION_DISABLED",
		`{ counter`:                              "GRAPHQL_PARSE_FAILED",
	} {
		if status, answer := g.query(t, document); status != 400 || code(t, answer) != want {
			t.Errorf("%s: %d %s, want %s", document, status, answer, want)
		}
	}
	for document, want := range map[string]string{
		`{ counter }`:                           `{"data":{"counter":1}}`,
		`{ counter pidText contextText throw }`: `"message":"Operation is too complex: complexity is 4 and maximum is 3"`,
	} {
		if status, answer := g.query(t, document); status != 200 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want %s", document, status, answer, want)
		}
	}
}
