package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/schema"
)

// A pipe is a source of results that a test sends.
type pipe struct {
	results chan string
	failure chan error
}

func newPipe() *pipe { return &pipe{make(chan string), make(chan error)} }

func (p *pipe) Node() string { return "n" }
func (p *pipe) Close()       {}
func (p *pipe) Next(ctx context.Context) (Result, int, error) {
	select {
	case text := <-p.results:
		return textResult(text), 0, nil
	case err := <-p.failure:
		return nil, 0, err
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
}

// A textResult is a result that is printed as it is.
type textResult string

func (t textResult) Node() string                           { return "n" }
func (t textResult) Size() int                              { return len(t) }
func (t textResult) HasData() bool                          { return true }
func (t textResult) HasErrors() bool                        { return false }
func (t textResult) Status() int                            { return 0 }
func (t textResult) Header() []operation.Field              { return nil }
func (t textResult) Outcome() operation.Outcome             { return operation.Succeeded }
func (t textResult) PresentErrors(ErrorRules, func(string)) {}
func (t textResult) Release()                               {}
func (t textResult) AppendJSON(_ context.Context, b []byte, _ *schema.Order, _ int) ([]byte, error) {
	return append(b, t...), nil
}

// pipes are a publisher whose subscriptions are those that a test has made.
type pipes chan *pipe

func (p pipes) Subscribe(ctx context.Context, _ *Call) (Source, Result, error) {
	select {
	case source := <-p:
		return source, nil, nil
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// A subscriber collects the results of a subscription.
type subscriber struct {
	results chan string
	ended   chan error
	leave   context.CancelFunc
}

// subscribe runs a subscription of a client, which takes results while the test receives them.
func subscribe(t *testing.T, e *Engine) *subscriber {
	t.Helper()
	s := &subscriber{results: make(chan string), ended: make(chan error, 1)}
	var ctx context.Context
	ctx, s.leave = context.WithCancel(t.Context())
	document := e.documents.Get("subscription { a }")
	account := e.Subscriptions.memory.Open()
	result := new(operation.Result)
	result.JSON.Open(account)
	r := &run{Engine: e, Request: &operation.Request{Gaps: true}, caller: new(Caller), result: result, document: document, operation: document.Operation("")}
	go func() {
		defer account.Close()
		subscription, err := r.subscribe(ctx)
		if subscription != nil {
			defer subscription.Close()
			err = subscription.Forward(ctx, result, func(result *operation.Result) error {
				s.results <- string(result.JSON.Bytes)
				return nil
			})
		}
		s.ended <- err
	}()
	synctest.Wait()
	return s
}

func (s *subscriber) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, want := range want {
		select {
		case got := <-s.results:
			if got != want {
				t.Errorf("result %s, want %s", got, want)
			}
		case err := <-s.ended:
			t.Fatalf("the subscription ended (%v), want %s", err, want)
		}
	}
}

const gapOf = `{"data":null,"extensions":{"gap":{"reason":%q,"dropped":%d}}}`

// subscribing runs a test with an engine whose subscriptions come from pipes. Afterwards no
// memory is held.
func subscribing(t *testing.T, cfg SubscriptionConfig, test func(t *testing.T, e *Engine, sources pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sources, budget := make(pipes), memory.NewBudget(1<<20)
		config := Config{Timeout: time.Hour, Subscriptions: cfg}
		config.Subscriptions.setDefaults()
		served := NewSubscriptions(config, sources, budget, new(SubscriptionCounts))
		authenticator, err := auth.NewAuthenticator(auth.Config{Anonymous: "allow"}, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		e := New(App{Config: config, Authenticator: authenticator, Subscriptions: served}, NewShared(0, slog.New(slog.DiscardHandler)), Limits{Answer: 1 << 20, Subscriptions: 1000})
		test(t, e, sources)
		synctest.Wait()
		if status := e.Subscriptions.Status(); status.Clients != 0 || status.Feeds != 0 || budget.Used() != 0 {
			t.Errorf("%+v, and %d bytes are held", status, budget.Used())
		}
	})
}

// A client that does not read loses the results beyond its queue, and is told how many. The
// others get every result.
func TestSlowSubscriber(t *testing.T) {
	subscribing(t, SubscriptionConfig{Queue: 3}, func(t *testing.T, e *Engine, sources pipes) {
		source := newPipe()
		slow := subscribe(t, e)
		sources <- source
		fast := subscribe(t, e)
		for n := range 10 {
			source.results <- fmt.Sprint(n)
			fast.expect(t, fmt.Sprint(n))
			synctest.Wait()
		}
		slow.expect(t, "0", "1", "2", "3") // one that it writes, and three in its queue
		slow.expect(t, fmt.Sprintf(gapOf, "dropped", 6))
		source.results <- "last"
		slow.expect(t, "last")
		fast.expect(t, "last")
		if dropped := e.Subscriptions.Status().Dropped; dropped != 6 {
			t.Errorf("%d results count as dropped, want 6", dropped)
		}
		slow.leave()
		fast.leave()
		<-slow.ended
		<-fast.ended
	})
}

// A feed whose source ends subscribes again, for as long as it takes. Its clients keep their
// subscription.
func TestFeedSubscribesAgain(t *testing.T) {
	subscribing(t, SubscriptionConfig{}, func(t *testing.T, e *Engine, sources pipes) {
		first, second := newPipe(), newPipe()
		s := subscribe(t, e)
		sources <- first
		first.results <- "1"
		s.expect(t, "1")
		first.failure <- &operation.Error{Class: operation.BadUpstream, Code: "NODE_DOWN"}
		time.Sleep(time.Hour) // no node
		sources <- second
		s.expect(t, fmt.Sprintf(gapOf, "resubscribed", 0))
		second.results <- "2"
		s.expect(t, "2")
		s.leave()
		<-s.ended
	})
}

// A refusal of the application ends a feed: the last result is the error.
func TestFeedIsRefused(t *testing.T) {
	subscribing(t, SubscriptionConfig{}, func(t *testing.T, e *Engine, sources pipes) {
		source := newPipe()
		s := subscribe(t, e)
		sources <- source
		source.failure <- &operation.Error{Class: operation.Forbidden, Code: "FORBIDDEN", Message: "no"}
		s.expect(t, `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`)
		if err := <-s.ended; err != nil {
			t.Errorf("the subscription ended with %v, want no error after the result", err)
		}
	})
}

// Leave ends every subscription, spread over the time.
func TestLeaveIsSpread(t *testing.T) {
	subscribing(t, SubscriptionConfig{PerIdentity: 1000}, func(t *testing.T, e *Engine, sources pipes) {
		const clients = 200
		source := newPipe()
		var all []*subscriber
		for range clients {
			all = append(all, subscribe(t, e))
			if len(all) == 1 {
				sources <- source
			}
		}
		began, early := time.Now(), 0
		left := make(chan struct{})
		go func() {
			e.Subscriptions.Leave(10 * time.Second)
			close(left)
		}()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		early = clients - e.Subscriptions.Status().Clients
		<-left
		if took := time.Since(began); took > 10*time.Second || early < clients/4 || early > clients*3/4 {
			t.Errorf("all left within %v, %d of %d in the first half", took, early, clients)
		}
		for _, s := range all {
			if err := <-s.ended; !errors.Is(err, ErrGoingAway) {
				t.Errorf("%v, want ErrGoingAway", err)
			}
		}
	})
}
