package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// outcome is the outcome of one request.
type outcome struct {
	request int           // its number
	sent    time.Duration // since the load began
	took    time.Duration
	status  int    // 0: no answer
	code    string // of the first error
	err     error  // why there was no complete answer
}

// kind groups outcomes: "200", "503 OVERLOADED", "no answer".
func (o outcome) kind() string {
	switch {
	case o.err != nil:
		return "no answer"
	case o.code != "":
		return strconv.Itoa(o.status) + " " + o.code
	}
	return strconv.Itoa(o.status)
}

func (o outcome) ok() bool { return o.kind() == "200" }

// load is a series of requests to the gateway.
type load struct {
	g      *gateway
	path   string
	body   func(request int) string
	header http.Header // beyond that of newRequest
	client *http.Client
	began  time.Time
	stop   chan struct{}
	sent   chan struct{} // closed when the last request was sent
	flying sync.WaitGroup

	mu       sync.Mutex
	outcomes outcomes
}

func (g *gateway) newLoad(path string, body func(request int) string) *load {
	return &load{
		g:      g,
		path:   path,
		body:   body,
		header: make(http.Header),
		client: &http.Client{Transport: &http.Transport{DialContext: g.dial, MaxIdleConnsPerHost: 10000, DisableCompression: true}},
		began:  time.Now(),
		stop:   make(chan struct{}),
		sent:   make(chan struct{}),
	}
}

// offer sends requests at this rate a second, without waiting for answers, until it is
// stopped or, if count is not 0, count are sent.
func (g *gateway) offer(rate, count int, path string, body func(request int) string) *load {
	return g.newLoad(path, body).offer(rate, count)
}

func (l *load) offer(rate, count int) *load {
	go func() {
		defer close(l.sent)
		for i := 0; count == 0 || i < count; i++ {
			due := l.began.Add(time.Duration(i) * time.Second / time.Duration(rate))
			select {
			case <-time.After(time.Until(due)):
			case <-l.stop:
				return
			}
			l.flying.Go(func() { l.send(i) })
		}
	}()
	return l
}

// rate is this number of requests a second, or a quarter of what the busy machine
// serves if that is less: the load must not cause queues by itself.
func (g *gateway) rate(t testing.TB, requests int) int {
	t.Helper()
	l := g.offerClosedLoop(4, "/graphql", func(int) string { return operation(`{ counter }`) })
	l.waitAnswered(t, 200)
	o := l.end()
	if failed := o.failed(); len(failed) > 0 {
		t.Fatalf("before the load: %+v", failed[0])
	}
	possible := float64(len(o)) / time.Since(l.began).Seconds()
	return max(1, min(requests, int(possible/4)))
}

// offerClosedLoop makes each worker send one request after another until it is
// stopped.
func (g *gateway) offerClosedLoop(workers int, path string, body func(request int) string) *load {
	l := g.newLoad(path, body)
	var next atomic.Int64
	for range workers {
		l.flying.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
					l.send(int(next.Add(1) - 1))
				}
			}
		})
	}
	close(l.sent)
	return l
}

// waitAnswered waits until this number of further requests is answered.
func (l *load) waitAnswered(t testing.TB, requests int) {
	t.Helper()
	before := len(l.ended())
	eventually(t, fmt.Sprintf("%d more requests are answered", requests), func() bool { return len(l.ended()) >= before+requests })
}

// ended are the outcomes of the requests that have ended.
func (l *load) ended() outcomes {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outcomes[:len(l.outcomes):len(l.outcomes)]
}

// end stops the load and returns the outcomes once all requests have ended.
func (l *load) end() outcomes {
	close(l.stop)
	return l.wait()
}

// wait is end for a load that ends by itself.
func (l *load) wait() outcomes {
	<-l.sent
	l.flying.Wait()
	l.client.CloseIdleConnections()
	return l.outcomes
}

func (l *load) send(request int) {
	o := outcome{request: request, sent: time.Since(l.began)}
	resp, err := l.post(l.body(request))
	if o.err = err; err == nil {
		o.status = resp.StatusCode
		// Errors are short, and come first or alone.
		var start []byte
		if start, o.err = io.ReadAll(io.LimitReader(resp.Body, 1024)); o.err == nil {
			_, o.err = io.Copy(io.Discard, resp.Body)
		}
		resp.Body.Close()
		o.code = errorCode(start)
	}
	o.took = time.Since(l.began) - o.sent
	l.mu.Lock()
	l.outcomes = append(l.outcomes, o)
	l.mu.Unlock()
}

func (l *load) post(body string) (*http.Response, error) {
	r, err := l.g.newRequest(context.Background(), l.path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, l.header)
	return l.client.Do(r)
}

// errorCode is the code of an answer's first error, or "". In a batch, the first
// answer counts.
func errorCode(answer []byte) string {
	if !strings.Contains(string(answer), `"errors"`) {
		return ""
	}
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	if answer[0] == '[' {
		decoder.Token()
	}
	if decoder.Decode(&body) != nil || len(body.Errors) == 0 {
		return "malformed answer"
	}
	return cmp.Or(body.Errors[0].Extensions.Code, "GraphQL error: "+body.Errors[0].Message)
}

type outcomes []outcome

// filter returns the outcomes that satisfy a condition.
func (os outcomes) filter(condition func(outcome) bool) (some outcomes) {
	for _, o := range os {
		if condition(o) {
			some = append(some, o)
		}
	}
	return some
}

func (os outcomes) ok() outcomes { return os.filter(outcome.ok) }

func (os outcomes) failed() outcomes { return os.filter(func(o outcome) bool { return !o.ok() }) }

// ofKind returns the outcomes of a kind.
func (os outcomes) ofKind(kind string) outcomes {
	return os.filter(func(o outcome) bool { return o.kind() == kind })
}

// sentFrom returns the outcomes of requests sent at begin or later.
func (os outcomes) sentFrom(begin time.Duration) outcomes {
	return os.filter(func(o outcome) bool { return o.sent >= begin })
}

// lastSent is when the last request was sent.
func (os outcomes) lastSent() (at time.Duration) {
	for _, o := range os {
		at = max(at, o.sent)
	}
	return at
}

// percentile is the time within which this percentage of requests ended.
func (os outcomes) percentile(percent int) time.Duration {
	if len(os) == 0 {
		return 0
	}
	times := make([]time.Duration, len(os))
	for i, o := range os {
		times[i] = o.took
	}
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*percent/100)].Round(10 * time.Microsecond)
}

// kinds lists the number of outcomes of each kind.
func (os outcomes) kinds() string {
	count := make(map[string]int)
	for _, o := range os {
		count[o.kind()]++
	}
	var text []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		text = append(text, fmt.Sprintf("%d × %s", count[kind], kind))
	}
	return strings.Join(text, ", ")
}

func (os outcomes) String() string {
	return fmt.Sprintf("%s; p50 %v, p99 %v, max %v", os.kinds(), os.percentile(50), os.percentile(99), os.percentile(100))
}
