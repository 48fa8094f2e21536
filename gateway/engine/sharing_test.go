package engine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// heldUpstream holds its calls until the test lets them go.
type heldUpstream struct {
	Upstream
	term  etf.Term
	calls []*heldCall
}

type heldCall struct {
	*Call
	ctx context.Context
	let chan error // nil: the call returns the term
}

func (u *heldUpstream) TimeoutCause() error { return errOwnTimeout }

func (u *heldUpstream) Run(ctx context.Context, call *Call) (Result, error) {
	held := &heldCall{call, ctx, make(chan error)}
	u.calls = append(u.calls, held)
	select {
	case err := <-held.let:
		if errors.Is(err, errPanic) {
			panic(err)
		}
		return heldResult{printedTerm{term: u.term}}, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

type heldResult struct{ printedTerm }

func (heldResult) Node() string               { return "a@b" }
func (heldResult) HasData() bool              { return true }
func (heldResult) HasErrors() bool            { return false }
func (heldResult) Status() int                { return 0 }
func (heldResult) Header() []operation.Field  { return nil }
func (heldResult) Outcome() operation.Outcome { return operation.Succeeded }
func (heldResult) Release()                   {}

var errPanic = errors.New("a panic")

const (
	sharingTimeout = 10 * time.Second
	sharedQuery    = "query Q($a: Int) { a }"
)

// sharingTest runs queries in a bubble of synctest.
type sharingTest struct {
	*testing.T
	engine   *Engine
	upstream *heldUpstream
	budget   *memory.Budget
	counts   SharingCounts
	running  sync.WaitGroup
}

// testSharing runs a test in a bubble, and holds that no memory is left over.
func testSharing(t *testing.T, mode string, test func(*sharingTest)) {
	synctest.Test(t, func(t *testing.T) {
		s := &sharingTest{T: t, budget: memory.NewBudget(16 << 20)}
		s.upstream = &heldUpstream{term: etf.Term{Bytes: etf.AppendBinary(nil, "answer")}}
		cfg := Config{Timeout: sharingTimeout, Share: mode}
		s.engine = New(App{Config: cfg, Upstream: s.upstream, Sharing: NewSharing(cfg, s.budget, &s.counts)},
			NewShared(0, slog.New(slog.DiscardHandler)), Limits{Answer: 4 << 20})
		test(s)
		s.running.Wait()
		synctest.Wait()
		if used := s.budget.Used(); used != 0 {
			t.Errorf("%d bytes are left over", used)
		}
		if calls := s.engine.Sharing; calls != nil && len(calls.calls) != 0 {
			t.Errorf("%d calls are left over", len(calls.calls))
		}
	})
}

// A sharingQuery is one query of a test.
type sharingQuery struct {
	operation.Request
	context string
	claims  string
	leave   context.CancelFunc
	answer  string
	err     error
	took    time.Duration
	node    string
}

// run runs a query, and returns when it waits. Its answer is there after running.Wait.
func (s *sharingTest) run(change ...func(*sharingQuery)) *sharingQuery {
	q := &sharingQuery{Request: operation.Request{Query: sharedQuery, Variables: []byte(`{"a":1}`)}}
	for _, f := range change {
		f(q)
	}
	ctx, leave := context.WithCancel(s.Context())
	q.leave = leave
	began := time.Now()
	s.running.Go(func() {
		account := s.budget.Open()
		defer account.Close()
		var result operation.Result
		result.JSON.Open(account)
		defer result.JSON.Close(0)
		document := s.engine.documents.Get(q.Query)
		r := &run{Engine: s.engine, Request: &q.Request, caller: new(Caller), result: &result, document: document, operation: document.Operation(q.OperationName), context: []byte(q.context)}
		if q.claims != "" {
			r.caller.claims = []byte(q.claims)
		}
		q.err = r.execute(ctx)
		q.node = result.Node
		q.answer, q.took = string(result.JSON.Bytes), time.Since(began)
		for i := range q.Variables { // the next request uses the memory
			q.Variables[i] = 0
		}
		clear(r.context)
	})
	synctest.Wait()
	return q
}

// expectCalls tells how many calls there have been.
func (s *sharingTest) expectCalls(want int) {
	s.Helper()
	if got := len(s.upstream.calls); got != want {
		s.Fatalf("%d calls, want %d", got, want)
	}
}

// letGo ends a call and waits until its callers have their answers.
func (s *sharingTest) letGo(call int, err error) {
	s.upstream.calls[call].let <- err
	synctest.Wait()
}

func (s *sharingTest) expect(q *sharingQuery, answer string, err error) {
	s.Helper()
	synctest.Wait()
	if q.answer != answer || !errors.Is(q.err, err) {
		s.Errorf("%s, %v; want %s, %v", q.answer, q.err, answer, err)
	}
}

func TestSharing(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		first, second, third := s.run(), s.run(), s.run()
		s.expectCalls(1)
		if call := s.upstream.calls[0]; string(call.Variables) != `{"a":1}` {
			s.Errorf("%+v", call.Call)
		}
		s.letGo(0, nil)
		for _, q := range []*sharingQuery{first, second, third} {
			s.expect(q, `"answer"`, nil)
		}
		later := s.run() // is not in flight with the others
		s.expectCalls(2)
		s.letGo(1, nil)
		s.expect(later, `"answer"`, nil)
		if on, dry := s.counts.On.Load(), s.counts.DryRun.Load(); on != 2 || dry != 0 {
			s.Errorf("%d and %d are counted, want 2 and 0", on, dry)
		}
	})
}

// Queries share a call only if all is equal that decides the answer.
func TestOnlyEqualQueriesAreShared(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		for i, change := range []func(q *sharingQuery){
			func(q *sharingQuery) {},
			func(q *sharingQuery) { q.Query = "query Q($a: Int) { b }" },
			func(q *sharingQuery) { q.Variables = []byte(`{"a":2}`) },
			func(q *sharingQuery) { q.Variables = []byte(`{"a": 1}`) },
			func(q *sharingQuery) { q.context = "another" },
			func(q *sharingQuery) { q.claims = "another" },
			func(q *sharingQuery) { q.Variables, q.context = []byte(`{"a":1`), "}another" },
			func(q *sharingQuery) { q.Query, q.OperationName = "query A { a } query B { a }", "A" },
			func(q *sharingQuery) { q.Query, q.OperationName = "query A { a } query B { a }", "B" },
		} {
			s.run(change)
			s.run(change)
			s.expectCalls(i + 1)
		}
		for i := range s.upstream.calls {
			s.letGo(i, nil)
		}
	})
}

// Mutations, and documents whose kind is unknown, have calls of their own.
func TestMutationsAreNotShared(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		for _, document := range []string{"mutation { a }", "{ a"} {
			change := func(q *sharingQuery) { q.Query = document }
			s.run(change)
			s.run(change)
		}
		s.expectCalls(4)
		for i := range s.upstream.calls {
			s.letGo(i, nil)
		}
	})
}

// A query that comes after a mutation does not get an answer from before it.
func TestReadYourWrites(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		s.run()
		s.run(func(q *sharingQuery) { q.Query = "mutation { a }" })
		s.run() // joins the first
		s.expectCalls(2)
		s.letGo(1, nil)
		s.run()
		s.run() // joins the one before
		s.expectCalls(3)
		s.letGo(0, nil)
		s.run()
		s.expectCalls(3)
		s.letGo(2, nil)
	})
}

// A caller that leaves takes the answer from none of the others, also if it was the first
// and its memory is used again.
func TestCallerLeaves(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		private := func(q *sharingQuery) { q.context = "private" }
		first, second := s.run(private), s.run(private)
		first.leave()
		synctest.Wait()
		s.expect(first, "", context.Canceled)
		third := s.run(private)
		s.expectCalls(1)
		if call := s.upstream.calls[0]; call.ctx.Err() != nil || string(call.Variables) != `{"a":1}` || string(call.Context) != "private" {
			s.Errorf("%v, %+v", call.ctx.Err(), call.Call)
		}
		s.letGo(0, nil)
		s.expect(second, `"answer"`, nil)
		s.expect(third, `"answer"`, nil)
	})
}

// The call ends when its last caller leaves, and takes no further ones.
func TestLastCallerLeaves(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		first, second := s.run(), s.run()
		first.leave()
		second.leave()
		synctest.Wait()
		if cause := context.Cause(s.upstream.calls[0].ctx); !errors.Is(cause, context.Canceled) {
			s.Errorf("the call goes on: %v", cause)
		}
		s.run()
		s.expectCalls(2)
		s.letGo(1, nil)
	})
}

// Each caller waits until its own deadline, whoever began the call.
func TestOwnDeadlines(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		short := s.run(func(q *sharingQuery) { q.Timeout = time.Second })
		long := s.run()
		time.Sleep(sharingTimeout / 2)
		late := s.run()
		s.expectCalls(1)
		s.expect(short, "", context.DeadlineExceeded)
		time.Sleep(sharingTimeout/2 + time.Second)
		s.expect(long, "", errOwnTimeout)
		if short.took != time.Second || long.took != sharingTimeout {
			s.Errorf("waited %v and %v", short.took, long.took)
		}
		fresh := s.run() // a call that is older than the timeout takes no caller
		s.expectCalls(2)
		s.letGo(0, nil)
		s.letGo(1, nil)
		s.expect(late, `"answer"`, nil)
		s.expect(fresh, `"answer"`, nil)
	})
}

// The log of each caller that gives up says where the call is.
func TestPlaceOfSharedCall(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		queued, called, noted := s.run(), s.run(), s.run()
		expect := func(q *sharingQuery, node, err string) {
			s.Helper()
			q.leave()
			s.expect(q, "", context.Canceled)
			if q.node != node || q.err.Error() != err {
				s.Errorf("on %q: %v, want %q: %s", q.node, q.err, node, err)
			}
		}
		expect(queued, "", "context canceled")
		s.upstream.calls[0].Sent("a@b")
		expect(called, "a@b", "call on a@b: context canceled")
		s.upstream.calls[0].Annotate("in A.b/1")
		expect(noted, "a@b", "call on a@b: in A.b/1: context canceled")
	})
}

// The timeout of the application counts against the node, as that of a single query does.
func TestTimeoutOfSharedCall(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		first, second := s.run(), s.run()
		time.Sleep(sharingTimeout + time.Second)
		s.expect(first, "", errOwnTimeout)
		s.expect(second, "", errOwnTimeout)
		if cause := context.Cause(s.upstream.calls[0].ctx); cause != errOwnTimeout {
			s.Errorf("the call ended with %v", cause)
		}
	})
}

func TestSharedErrors(t *testing.T) {
	for _, err := range []error{operation.Overloaded, errPanic} {
		testSharing(t, shareOn, func(s *sharingTest) {
			first, second := s.run(), s.run()
			s.letGo(0, err)
			for _, q := range []*sharingQuery{first, second} {
				if q.answer != "" || q.err == nil || !strings.Contains(q.err.Error(), err.Error()) {
					s.Errorf("%q, %v", q.answer, q.err)
				}
			}
		})
	}
}

// Every caller has an answer of its own. One without memory for it takes none from others.
func TestSharedAnswerNeedsMemory(t *testing.T) {
	testSharing(t, shareOn, func(s *sharingTest) {
		const size = 1 << 20
		s.upstream.term = etf.Term{Bytes: etf.AppendBinary(nil, strings.Repeat("x", size))}
		var queries []*sharingQuery
		for range 32 {
			queries = append(queries, s.run())
		}
		s.letGo(0, nil)
		answered := 0
		for _, q := range queries {
			var e *operation.Error
			switch {
			case q.err == nil && len(q.answer) == size+2:
				answered++
			case !errors.As(q.err, &e) || e.Code != operation.Overloaded.Code || e.RetryAfter == 0:
				s.Errorf("%d bytes, %v", len(q.answer), q.err)
			}
		}
		if answered == 0 {
			s.Error("no query has its answer")
		}
	})
}

func TestSharingDryRun(t *testing.T) {
	testSharing(t, shareDryRun, func(s *sharingTest) {
		first, second := s.run(), s.run()
		s.expectCalls(2)
		s.letGo(1, operation.Overloaded)
		s.letGo(0, nil)
		s.expect(first, `"answer"`, nil)
		s.expect(second, "", operation.Overloaded)
		s.run()
		s.letGo(2, nil)
		if on, dry := s.counts.On.Load(), s.counts.DryRun.Load(); on != 0 || dry != 1 {
			s.Errorf("%d and %d are counted, want 0 and 1", on, dry)
		}
	})
}

func TestSharingOff(t *testing.T) {
	testSharing(t, shareOff, func(s *sharingTest) {
		s.run()
		s.run()
		s.expectCalls(2)
		s.letGo(0, nil)
		s.letGo(1, nil)
	})
}
