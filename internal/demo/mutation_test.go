package demo_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/demo"
)

func TestMutationsChangeWhatQueriesSee(t *testing.T) {
	b := demo.NewBackend()
	placed := request{
		document:  `mutation P($lines: [OrderLineInput!]!, $note: String) { placeOrder(lines: $lines, note: $note) { id status total note placedBy { id } lines { quantity part { stock } } } }`,
		variables: `{"lines":[{"partId":"p35","quantity":2},{"partId":"p1","quantity":1}],"note":"für Grüße ☃"}`,
		context:   asUser(42),
	}
	wantJSON(t, toJSON(t, placed.run(t, b)), `{"data":{"placeOrder":{"id":"o13","status":"PENDING","total":"134.60","note":"für Grüße ☃","placedBy":{"id":"42"},
		"lines":[{"quantity":2,"part":{"stock":7}},{"quantity":1,"part":{"stock":639}}]}}}`)
	wantJSON(t, toJSON(t, request{document: `{ part(id: "p35") { stock } user(id: 42) { orders { id } } }`}.run(t, b)),
		`{"data":{"part":{"stock":7},"user":{"orders":[{"id":"o1"},{"id":"o7"},{"id":"o10"},{"id":"o13"}]}}}`)

	approve := request{document: `mutation { approveOrder(id: "o13") { status approvedBy { id } } }`, context: asUser(42)}
	wantJSON(t, toJSON(t, approve.run(t, b)), `{"data":{"approveOrder":{"status":"APPROVED","approvedBy":{"id":"42"}}}}`)
	wantJSON(t, toJSON(t, request{document: `{ order(id: "o13") { status } }`}.run(t, b)), `{"data":{"order":{"status":"APPROVED"}}}`)

	wantJSON(t, toJSON(t, request{document: `{ part(id: "p35") { stock } order(id: "o13") { id } }`}.run(t, demo.NewBackend())),
		`{"data":{"part":{"stock":9},"order":null}}`)
}

func TestPlacedAtIsNowInUTC(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	got := toJSON(t, request{document: `mutation { placeOrder(lines: [{partId: "p1", quantity: 1}]) { placedAt } }`, context: asUser(42)}.run(t, demo.NewBackend()))
	var answer struct {
		Data struct{ PlaceOrder struct{ PlacedAt string } }
	}
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", answer.Data.PlaceOrder.PlacedAt)
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("placedAt %q", answer.Data.PlaceOrder.PlacedAt)
	}
}

func TestMutationsThatFailChangeNothing(t *testing.T) {
	const (
		placeOrder   = `mutation M($l: [OrderLineInput!]!) { placeOrder(lines: $l) { id } }`
		approveOrder = `mutation M($id: ID!) { approveOrder(id: $id) { id } }`
	)
	for name, tc := range map[string]struct {
		request
		field, message, code string
	}{
		"anonymous order":       {request{placeOrder, `{"l":[{"partId":"p1","quantity":1}]}`, "", nil}, "placeOrder", "unauthenticated", "unauthenticated"},
		"unknown user":          {request{placeOrder, `{"l":[{"partId":"p1","quantity":1}]}`, "", asUser(51)}, "placeOrder", "unauthenticated", "unauthenticated"},
		"no lines":              {request{placeOrder, `{"l":[]}`, "", asUser(42)}, "placeOrder", "an order needs a line", "invalid"},
		"unknown part":          {request{placeOrder, `{"l":[{"partId":"p1","quantity":1},{"partId":"p41","quantity":1}]}`, "", asUser(42)}, "placeOrder", `there is no part "p41"`, "not_found"},
		"nothing of a part":     {request{placeOrder, `{"l":[{"partId":"p1","quantity":0}]}`, "", asUser(42)}, "placeOrder", "a quantity must be at least 1", "invalid"},
		"a negative quantity":   {request{placeOrder, `{"l":[{"partId":"p1","quantity":-5}]}`, "", asUser(42)}, "placeOrder", "a quantity must be at least 1", "invalid"},
		"more than is in stock": {request{placeOrder, `{"l":[{"partId":"p1","quantity":1},{"partId":"p35","quantity":5},{"partId":"p35","quantity":5}]}`, "", asUser(42)}, "placeOrder", "SEL-MS30: 4 in stock", "out_of_stock"},
		"anonymous approval":    {request{approveOrder, `{"id":"o10"}`, "", nil}, "approveOrder", "unauthenticated", "unauthenticated"},
		"a buyer approves":      {request{approveOrder, `{"id":"o10"}`, "", asUser(14)}, "approveOrder", "forbidden", "forbidden"},
		"unknown order":         {request{approveOrder, `{"id":"o99"}`, "", asUser(42)}, "approveOrder", `there is no order "o99"`, "not_found"},
		"order already shipped": {request{approveOrder, `{"id":"o1"}`, "", asUser(42)}, "approveOrder", "order o1 is not pending", "conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			const everything = `{ orders { id status } parts { id stock } }`
			b := demo.NewBackend()
			before := toJSON(t, request{document: everything}.run(t, b))
			want, _ := json.Marshal(map[string]any{
				"data": map[string]any{tc.field: nil},
				"errors": []any{map[string]any{
					"message": tc.message, "code": tc.code, "path": []string{tc.field},
					"locations": []any{map[string]int{"line": 1, "column": 1 + strings.Index(tc.document, tc.field)}},
				}},
			})
			wantJSON(t, toJSON(t, tc.run(t, b)), string(want))
			wantJSON(t, toJSON(t, request{document: everything}.run(t, b)), before)
		})
	}
}

// One of many concurrent orders of the last piece succeeds.
func TestStockIsNeverSoldTwice(t *testing.T) {
	b := demo.NewBackend()
	order := request{document: `mutation { placeOrder(lines: [{partId: "p35", quantity: 2}]) { id } }`, context: asUser(42)}
	var placed atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			var answer struct {
				Data struct{ PlaceOrder *struct{ ID string } }
			}
			if err := json.Unmarshal([]byte(toJSON(t, order.run(t, b))), &answer); err != nil {
				t.Error(err)
			}
			if answer.Data.PlaceOrder != nil {
				placed.Add(1)
			}
		})
		wg.Go(func() { request{document: `{ parts { stock } orders { total status } }`}.run(t, b) })
	}
	wg.Wait()
	if placed.Load() != 4 {
		t.Errorf("%d orders of 2 from a stock of 9", placed.Load())
	}
	wantJSON(t, toJSON(t, request{document: `{ part(id: "p35") { stock } }`}.run(t, b)), `{"data":{"part":{"stock":1}}}`)
}
