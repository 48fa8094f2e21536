package demo_test

import (
	"encoding/json"
	"testing"

	"github.com/louche-graphql/louche/internal/demo"
)

// Every field of every record resolves, so all references in the seed are valid.
func TestSeedIsWhole(t *testing.T) {
	got := toJSON(t, request{
		document: `{
			users { id name email role manager { id } orders { id } }
			suppliers { id name country leadTimeDays creditLimit parts { id } }
			parts { id sku name category price weight stock supplier { id } }
			orders { id status placedBy { id } approvedBy { id } placedAt note total lines { quantity total part { id } } }
		}`,
		context: asUser(1),
	}.run(t, demo.NewBackend()))
	var answer struct {
		Data   map[string][]json.RawMessage
		Errors []json.RawMessage
	}
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		t.Fatal(err)
	}
	for _, e := range answer.Errors {
		t.Errorf("%s", e)
	}
	for field, want := range map[string]int{"users": 50, "suppliers": 8, "parts": 40, "orders": 12} {
		if n := len(answer.Data[field]); n != want {
			t.Errorf("%d %s, want %d", n, field, want)
		}
	}
}
