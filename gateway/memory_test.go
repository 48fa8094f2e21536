package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// serveWith serves clients within a budget of memory until the test ends.
func serveWith(t *testing.T, budget *memory.Budget, limits Limits) (g *Gateway, address string) {
	t.Helper()
	limits.SetDefaults()
	g = New(nil, limits, []*App{unreachableApp(t, nil)}, slog.New(slog.DiscardHandler))
	g.SetMemory(budget)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := g.server(g.Handler())
	served := make(chan error)
	go func() { served <- server.Serve(g.LimitClients(listener)) }()
	t.Cleanup(func() {
		server.Close()
		<-served
		waittest.Until(t, "all memory is given back", func() bool { return budget.Used() == 0 })
	})
	return g, listener.Addr().String()
}

// status is that of a request on a connection of its own.
func statusOf(t *testing.T, address, path string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// The requests of clients that do not read their answers, however small these are, make
// room for others.
func TestUnreadSmallAnswersMakeRoom(t *testing.T) {
	budget := memory.NewBudget(40 * requestMemory)
	_, address := serveWith(t, budget, Limits{})
	ctx, leave := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	for range 2 {
		transport := &http.Transport{Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 1}}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		for range 90 {
			asking.Go(func() {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/nothing", nil)
				if err != nil {
					t.Error(err)
					return
				}
				client.Do(req) // of the answer, no more than the header is read
			})
		}
	}
	asking.Wait()
	waittest.Until(t, "another client is served", func() bool { return statusOf(t, address, "/nothing") == http.StatusNotFound })
	if budget.Preemptions() == 0 {
		t.Error("no request made room: the test shows nothing")
	}
	leave()
}

// Heads that are half sent are counted, and make room for others.
func TestHalfSentHeadsMakeRoom(t *testing.T) {
	budget := memory.NewBudget(1 << 20)
	_, address := serveWith(t, budget, Limits{})
	half := "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 60_000)
	waittest.Until(t, "one more head makes another one leave", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, half)
		return budget.Preemptions() > 0
	})
	if budget.Used() > budget.Limit() {
		t.Errorf("%d bytes are reserved of %d", budget.Used(), budget.Limit())
	}
	if status := statusOf(t, address, "/nothing"); status != http.StatusNotFound {
		t.Errorf("another client got %d", status)
	}
}

// Without memory a request is refused at once, and health is answered.
func TestNoMemoryForRequests(t *testing.T) {
	budget := memory.NewBudget(1 << 20)
	g, address := serveWith(t, budget, Limits{})
	for range 16 {
		if !budget.Reserve(1 << 16) {
			t.Fatal("the budget is used already")
		}
	}
	if status := statusOf(t, address, "/graphql?query=%7Ba%7D"); status != http.StatusServiceUnavailable {
		t.Errorf("a request without memory got %d", status)
	}
	if status := statusOf(t, address, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz without memory: %d", status)
	}
	if g.turnedAway.Load() != 2 {
		t.Errorf("%d requests were turned away", g.turnedAway.Load())
	}
	budget.Release(1 << 20)
	if status := statusOf(t, address, "/nothing"); status != http.StatusNotFound {
		t.Errorf("with memory again: %d", status)
	}
}

// A text is printed within the memory that is reserved for it, or not at all.
func TestPrintWithinMemory(t *testing.T) {
	plain := etf.Term{Bytes: etf.AppendBinary(nil, strings.Repeat("x", 1<<20))}
	atoms := etf.AppendList(nil, 10_000)
	for range 10_000 {
		atoms = append(atoms, 'R', 0)
	}
	long := etf.Term{Bytes: etf.AppendNil(atoms), Atoms: []string{strings.Repeat("a", 200)}}
	var tooLong *etf.JSONSizeError
	for name, tt := range map[string]struct {
		term   etf.Term
		budget int64
		limit  int
		check  func(error) bool
	}{
		"enough":                    {plain, 4 << 20, 4 << 20, func(err error) bool { return err == nil }},
		"too little":                {plain, 1 << 20, 4 << 20, func(err error) bool { return errors.Is(err, errNoMemory) }},
		"longer than its term":      {long, 8 << 20, 4 << 20, func(err error) bool { return err == nil }},
		"longer, and too little":    {long, 1 << 20, 4 << 20, func(err error) bool { return errors.Is(err, errNoMemory) }},
		"longer than it may be":     {long, 8 << 20, 1 << 20, func(err error) bool { return errors.As(err, &tooLong) }},
		"as long as it may be":      {long, 8 << 20, 2_030_001, func(err error) bool { return err == nil }},
		"one byte longer than that": {long, 8 << 20, 2_030_000, func(err error) bool { return errors.As(err, &tooLong) }},
	} {
		budget := memory.NewBudget(tt.budget)
		answers, x := AnswerMemory{budget}, &exchange{account: budget.Open()}
		err := errNoMemory
		if answers.Reserve(len(tt.term.Bytes)) {
			err = x.print(t.Context(), tt.term, nil, nil, tt.limit)
			answers.Release(len(tt.term.Bytes))
		}
		if !tt.check(err) {
			t.Errorf("%s: %v", name, err)
		}
		if held := budget.Used(); int64(cap(x.answer)) > held {
			t.Errorf("%s: the buffer has %d bytes, of which %d are reserved", name, cap(x.answer), held)
		}
		x.account.Close()
		if budget.Used() != 0 {
			t.Errorf("%s: %d bytes are left over", name, budget.Used())
		}
	}
}

// Who asked for a mutation is told that it was run, and not to try again; a query may
// be sent again.
func TestDroppedAnswers(t *testing.T) {
	for _, cause := range []error{errNoMemory, &erldist.NoMemoryError{Node: "n"}, &erldist.TooLargeError{Node: "n", Max: 1, Total: true}} {
		for _, isQuery := range []bool{true, false} {
			var f *failure
			if !errors.As(dropped(cause, isQuery), &f) || f.status != 503 || f.code != "OVERLOADED" || (f.retryAfter > 0) != isQuery || !strings.Contains(f.message, "was run") {
				t.Errorf("%v, query %v: %+v", cause, isQuery, f)
			}
		}
	}
	if other := (&erldist.TooLargeError{Node: "n", Max: 1}); dropped(other, false) != error(other) {
		t.Error("an answer past its own limit is not for want of memory")
	}
}

// The limits of a configuration fit together, by default as well.
func TestLeastMemory(t *testing.T) {
	for _, tt := range []struct {
		limits Limits
		fits   bool
	}{
		{Limits{}, true},
		{Limits{Answer: 1 << 30}, true}, // memory follows
		{Limits{Memory: 200 << 20}, false},
		{Limits{Memory: 100 << 20, Answer: 16 << 20}, true},
		{Limits{Memory: 100 << 20, Answer: 16 << 20, Body: 8 << 20}, false},
	} {
		limits := tt.limits
		limits.SetDefaults()
		if err := limits.Validate(); (err == nil) != tt.fits || err != nil && !strings.Contains(err.Error(), "limits.memory") {
			t.Errorf("%+v: %v", tt.limits, err)
		}
	}
}
