package main

import (
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// Fields come in the order of the document, and errors first.
func TestOrderOfAnswers(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, before(epmd))
	for document, want := range map[string]string{
		`{ person(id: "2") { id salary } }`: `{"errors":[{"message":"forbidden","locations":[{"line":1,"column":24}],"path":["person","salary"],"code":"FORBIDDEN","status":403}],"data":{"person":{"id":"2","salary":null}}}`,
		`{ node(id: "p1") { __typename id ... on Part { sku } } search { __typename ... on Person { name } ... on Part { sku } } }`: `{"data":{"node":{"__typename":"Part","id":"p1","sku":"SKU-1"},"search":[{"__typename":"Person","name":"Person 1"},{"__typename":"Part","sku":"SKU-1"}]}}`,
	} {
		if status, got := g.query(t, document); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", document, status, got, want)
		}
	}
}
