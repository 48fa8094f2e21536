package stats

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// answered returns the report on a request that spent some time on its node.
func answered(name string, took time.Duration) operation.Report {
	r := operation.Report{
		Path: "/graphql", RequestID: "id-" + name, Kind: "query", Name: name, Node: "a@b", Code: operation.OK, Status: 200,
		Timer: operation.StartTimer(time.Now()),
	}
	r.Enter(operation.StageNode)
	time.Sleep(took)
	r.End()
	return r
}

func with(r operation.Report, change func(*operation.Report)) *operation.Report {
	change(&r)
	return &r
}

func TestOperationsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewOperations()
		for range 3 {
			o.Record(new(answered("Quick", 2*time.Millisecond)))
		}
		o.Record(with(answered("Quick", time.Millisecond), func(r *operation.Report) { r.Outcome = operation.Partial }))
		o.Record(with(answered("Broken", time.Millisecond), func(r *operation.Report) { r.Outcome = operation.NullData }))
		o.Record(with(answered("Broken", time.Millisecond), func(r *operation.Report) { r.Code = "NODE_DOWN" }))
		o.Record(new(answered("Slow", 2*time.Minute)))
		for _, name := range []string{"One", "Two"} { // their operations are not known
			o.Record(with(answered(name, 0), func(r *operation.Report) { r.Kind, r.Code = "", "UNAUTHENTICATED" }))
		}
		report := o.Report()
		var got []string
		for _, op := range report.Operations {
			got = append(got, fmt.Sprintf("%s %s: %d requests, %d failed, %d with errors, %d slow, %gs, %v, %v", op.Kind, op.Name, op.Requests, op.Failed, op.WithErrors, op.Slow, op.Seconds, op.Problems, op.StageSeconds))
		}
		want := []string{
			"query Slow: 1 requests, 0 failed, 0 with errors, 1 slow, 120s, map[], map[node:120]",
			"query Quick: 4 requests, 0 failed, 1 with errors, 0 slow, 0.007s, map[partial:1], map[node:0.007]",
			"query Broken: 2 requests, 2 failed, 2 with errors, 0 slow, 0.002s, map[NODE_DOWN:1 null_data:1], map[node:0.002]",
			" : 2 requests, 2 failed, 2 with errors, 0 slow, 0s, map[UNAUTHENTICATED:2], map[]",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
		app := o.Requests("/graphql")
		if app.Requests != 9 || app.Failed != 4 || app.WithErrors != 5 || app.Slow != 1 || app.MaxSeconds != 120 || o.Requests("/other").Requests != 0 {
			t.Errorf("requests of the application: %+v", app)
		}
		if last := len(report.Bounds); app.Histogram[0] != 2 || app.Histogram[3] != 3 || app.Histogram[5] != 3 || app.Histogram[last] != 1 {
			t.Errorf("requests by bucket: %v", app.Histogram)
		}
		for i, s := range o.Summaries().Operations {
			if s.Operation != report.Operations[i].Operation || s.Requests != report.Operations[i].Requests {
				t.Errorf("%+v differs from %+v", s, report.Operations[i].Summary)
			}
		}
	})
}

func TestSlowAndFailedRequestsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewOperations()
		o.SetSlow(2 * time.Second)
		o.Record(new(answered("A", 1999*time.Millisecond)))
		o.Record(with(answered("A", 2*time.Second), func(r *operation.Report) {
			r.Trace, r.Client = operation.Trace{ID: [16]byte{0x0a, 0xf7}}, operation.Client{Name: "ios", Version: "1.2"}
		}))
		o.Record(with(answered("A", 0), func(r *operation.Report) { r.Outcome = operation.Partial }))
		o.Record(with(answered("A", time.Second), func(r *operation.Report) { r.Code, r.Status, r.Node = "FORBIDDEN", 403, "" }))
		time.Sleep(time.Minute)
		recent := o.Report().Operations[0].Recent
		want := []string{
			"{60 id-A  { }  403 FORBIDDEN  1 map[node:1]}",
			"{61 id-A 0af70000000000000000000000000000 {ios 1.2} a@b 200 OK  2 map[node:2]}",
		}
		for i := range want {
			if got := fmt.Sprint(recent[i]); got != want[i] {
				t.Errorf("got  %s\nwant %s", got, want[i])
			}
		}
		if len(recent) != len(want) {
			t.Errorf("%d requests are kept: %v", len(recent), recent)
		}
	})
}

// Neither names that clients choose nor requests that fail take more memory than the bounds
// allow. Operations that are in use stay.
func TestOperationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewOperations()
		for i := range 2 * maxOperations {
			for _, name := range []string{"InUse", fmt.Sprint("Q", i)} {
				o.Record(with(answered(name, 0), func(r *operation.Report) { r.Code, r.RequestID = "TIMEOUT", fmt.Sprint(i) }))
			}
		}
		operations := o.Report().Operations
		if len(operations) != maxOperations {
			t.Errorf("%d operations", len(operations))
		}
		at := slices.IndexFunc(operations, func(op OperationReport) bool { return op.Name == "InUse" })
		if at < 0 || operations[at].Requests != 2*maxOperations {
			t.Fatalf("the operation in use is number %d", at)
		}
		recent := operations[at].Recent
		if newest := fmt.Sprint(2*maxOperations - 1); len(recent) != maxRecent || recent[0].RequestID != newest {
			t.Errorf("%d requests are kept, the latest is %s, want %s", len(recent), recent[0].RequestID, newest)
		}
	})
}
