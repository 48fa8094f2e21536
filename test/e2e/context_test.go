package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Context fields have on the node the type of the configuration, as === compares it.
// rpcclient's tests cover the claims of an identity.
func TestContextArrivesAsTyped(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, `
    cors: {origins: []}
    context:
      current_user_id: {header: X-User-Id, type: integer}
      huge: {header: X-Huge, type: integer}
      name: {header: X-Name}
      ratio: {header: X-Ratio, type: float}
      whole: {header: X-Whole, type: float}
      trial: {header: X-Trial, type: boolean}
      limit: {header: X-Limit, type: decimal}
      role: {header: X-Role, type: atom, atoms: [admin, user]}
      roles: {header: X-Roles, type: [string]}
      ids: {header: X-Ids, type: [integer]}
      limits: {header: X-Limits, type: [decimal]}
      kinds: {header: X-Kinds, type: [atom], atoms: [admin, Elixir.MyApp.Ops]}
      flags: {header: X-Flags, type: [boolean]}
      ratios: {header: X-Ratios, type: [float]}
      locale: {cookie: locale}
      visits: {cookie: visits, type: integer}
      theme: {cookie: theme, type: atom, atoms: [dark, light], default: light}
      left_out: {cookie: none, type: integer}
      price: {cookie: none, type: decimal, default: "1.50"}
      nothing: {cookie: none, default: null}
      ip: {request: client_address}
      id: {request: request_id}
      trace: {request: trace_id}
      text: {value: de}
      number: {value: 1}
      list: {value: [1, 300, 1.0, [], "x", null]}
      map: {value: {a: {b: true}}}
      kind: {value: gateway, type: atom, atoms: [gateway]}
      scope: {fields: {tenant: {header: X-Tenant}, source: {value: edge}, inner: {fields: {}}}}`))
	want := `%{
		current_user_id: 42, huge: 123456789012345678901234567890, name: "Zoë", ratio: 0.5, whole: 2.0, trial: false,
		limit: %{__struct__: Decimal, sign: -1, coef: 1050, exp: -2}, role: :admin,
		roles: ["admin", "ops"], ids: [1, 255, 300], limits: [%{__struct__: Decimal, sign: 1, coef: 1, exp: 3}],
		kinds: [MyApp.Ops, :admin], flags: [true, false], ratios: [1.0, -0.25],
		locale: "de", visits: 7, theme: :light, price: %{__struct__: Decimal, sign: 1, coef: 150, exp: -2}, nothing: nil,
		ip: "192.0.2.7", id: "request-1234", trace: "0af7651916cd43dd8448eb211c80319c",
		text: "de", number: 1, list: [1, 300, 1.0, [], "x", nil], map: %{a: %{b: true}}, kind: :gateway,
		scope: %{tenant: "acme", source: "edge", inner: %{}}
	}`
	header := []string{
		"X-User-Id", "42", "X-Huge", "123456789012345678901234567890", "X-Name", "Zoë", "X-Ratio", "0.5", "X-Whole", "2", "X-Trial", "false",
		"X-Limit", "-10.50", "X-Role", "admin", "X-Roles", "admin, ops", "X-Ids", "1,255,300", "X-Limits", "1e3",
		"X-Kinds", "Elixir.MyApp.Ops, admin", "X-Flags", "true,false", "X-Ratios", "1,-0.25", "X-Tenant", "acme",
		"Cookie", "locale=de; visits=7", "X-Forwarded-For", "192.0.2.7", "X-Request-Id", "request-1234",
		"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	is := func(term string) string {
		body, _ := json.Marshal(map[string]any{
			"query":     `query($term: String!) { contextIs(term: $term) contextText }`,
			"variables": map[string]string{"term": term},
		})
		_, answer := g.post(t, string(body), header...)
		return answer
	}
	if answer := is(want); !strings.Contains(answer, `"contextIs":true`) {
		t.Errorf("the context is not the expected one: %s", answer)
	}
	if answer := is(strings.Replace(want, "number: 1,", "number: 1.0,", 1)); !strings.Contains(answer, `"contextIs":false`) {
		t.Errorf("the node takes 1 for 1.0: %s", answer)
	}
	if node.RealAbsinthe() {
		decimals := strings.NewReplacer(
			"%{__struct__: Decimal, sign: -1, coef: 1050, exp: -2}", `Decimal.new("-10.50")`,
			"%{__struct__: Decimal, sign: 1, coef: 1, exp: 3}", `Decimal.new("1e3")`,
			"%{__struct__: Decimal, sign: 1, coef: 150, exp: -2}", `Decimal.new("1.50")`,
		).Replace(want)
		if answer := is(decimals); !strings.Contains(answer, `"contextIs":true`) {
			t.Errorf("the decimals are not those of the library: %s", answer)
		}
	}
}

// The client learns which context field is invalid, and nothing about trusted values. The
// log has both. The request does not reach the node.
func TestInvalidContext(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	section := `
    cors: {origins: []}
    context:
      current_user_id: {header: X-User-Id, type: integer, required: true}
      scope: {fields: {visits: {cookie: visits, type: integer}}}`
	g := startGateway(t, configFor(epmd, section))
	for _, c := range []struct {
		header  []string
		status  int
		message string
	}{
		{nil, 401, "The context's entry current_user_id cannot be made: the header X-User-Id is missing."},
		{[]string{"X-User-Id", "secret"}, 400, "The context's entry current_user_id cannot be made: the header X-User-Id is not of type integer."},
		{[]string{"X-User-Id", "1", "Cookie", "visits=secret"}, 400, "The context's entry scope.visits cannot be made: the cookie visits is not of type integer."},
	} {
		status, answer := g.post(t, `{"query":"{ counter }"}`, c.header...)
		if status != c.status || !strings.Contains(answer, c.message) {
			t.Errorf("%v: %d %s, want %d %s", c.header, status, answer, c.status, c.message)
		}
	}
	stranger := startGateway(t, strings.Replace(strings.Replace(configFor(epmd, section), "127.0.0.0/8", "10.0.0.0/8", 1), "louche@", "stranger@", 1))
	status, answer := stranger.post(t, `{"query":"{ counter }"}`, "X-User-Id", "1")
	if status != 401 || !strings.Contains(answer, "the header X-User-Id is missing.") || strings.Contains(answer, "127.0.0.1") {
		t.Errorf("%d %s", status, answer)
	}
	if log := stranger.log.String(); !strings.Contains(log, "the header X-User-Id counts as missing: 127.0.0.1 is not in trusted_proxies") {
		t.Errorf("the log does not say why the header does not count:\n%s", log)
	}
	if _, answer := g.post(t, `{"query":"{ counter }"}`, "X-User-Id", "1"); answer != `{"data":{"counter":1}}` {
		t.Errorf("the node was asked before: %s", answer)
	}
}
