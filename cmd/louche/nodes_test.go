package main

import (
	"strings"
	"testing"
)

func TestTextsOfNodesOnTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"my-app@10.0.0.1": "my-app@10.0.0.1", "a\x1b[2Jb\nc\td": "a [2Jb c d", "é": "é", strings.Repeat("é", 400): strings.Repeat("é", 250) + "…",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
