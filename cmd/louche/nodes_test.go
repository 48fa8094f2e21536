package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/service"
	"github.com/louche-graphql/louche/schema"
)

func TestIncompleteSchemaIsMarked(t *testing.T) {
	s, err := schema.Load("type Query { a: Int }")
	if err != nil {
		t.Fatal(err)
	}
	r := service.ProbeResult{Schema: s}
	r.HasSchema = true
	if got := columns(r); strings.Contains(got, "incomplete") {
		t.Errorf("complete: %s", got)
	}
	r.Description.Incomplete = errors.New("introspection: no")
	if got := columns(r); !strings.HasSuffix(got, "found "+s.ShortHash()+", incomplete: introspection: no") {
		t.Errorf("incomplete: %s", got)
	}
}

func TestTextsOfNodesOnTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"my-app@10.0.0.1": "my-app@10.0.0.1", "a\x1b[2Jb\nc\td": "a [2Jb c d", "é": "é", strings.Repeat("é", 400): strings.Repeat("é", 250) + "…",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
