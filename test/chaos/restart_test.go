package chaos

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// SIGTERM under a load of mutations, with clients that check /readyz as a load
// balancer does, and others that continue until they are refused.
func TestShutdownLosesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		polite bool
	}{{"clients that watch readyz", true}, {"clients that do not", false}} {
		t.Run(tt.name, func(t *testing.T) {
			for starts := time.Duration(2); !shutDown(t, tt.polite, starts); starts *= 2 {
				t.Log("the shutdown_delay was over before the clients could watch readyz")
			}
		})
	}
}

// shutDown stops a gateway under a load. Its shutdown_delay is this number of times as long as
// nodes take to start. It reports false if polite clients were too slow for the delay.
func shutDown(t *testing.T, polite bool, starts time.Duration) (shown bool) {
	began := time.Now()
	f := startFleet(t, 2, 50*time.Millisecond)
	delay := max(2*time.Second, starts*time.Since(began)).Round(time.Millisecond) // some requests take much less than the start of nodes
	s := f.settings(longTimeout)
	s.top = []string{fmt.Sprintf("shutdown_delay: %v", delay), fmt.Sprintf("shutdown_grace: %v", waittest.Limit)}
	g := startGateway(t, nil, s)
	g.waitConnected(t, 2)
	l := g.offer(g.rate(t, form(200, 800)), 0, "/graphql", appendOperation)
	l.waitAnswered(t, form(200, 4000))

	signalled := time.Since(l.began)
	g.cmd.Process.Signal(syscall.SIGTERM)
	told := http.StatusOK
	unready := eventually(t, "readyz says that the gateway stops", func() bool {
		told = g.health("/readyz")
		return told != http.StatusOK
	})
	if told != http.StatusServiceUnavailable && time.Since(l.began) < signalled+delay {
		t.Errorf("readyz says %d", told)
	}
	if polite {
		l.waitAnswered(t, 10) // before a load balancer with an interval has seen it
	} else {
		<-g.exited
	}
	o := l.end()
	ended := time.Since(l.began)
	<-g.exited
	if polite && ended >= signalled+delay {
		return false
	}

	runs := f.appended(t)
	lost := o.failed().filter(func(o outcome) bool { return runs[appendID(o.request)] > 0 })
	late := o.ok().sentFrom(signalled)
	t.Logf("figures: %s; 503 on /readyz after %v; %d served after SIGTERM; accepted and lost: %d", o.kinds(), unready, len(late), len(lost))
	if len(lost) > 0 {
		t.Errorf("%d mutations ran and were not answered; the first: %+v", len(lost), lost[0])
	}
	if failed := o.failed(); polite && len(failed) > 0 {
		t.Errorf("%d requests failed; the first: %+v", len(failed), failed[0])
	}
	// No request is refused before the delay is over.
	if early := o.failed().filter(func(o outcome) bool { return o.sent+o.took < signalled+delay }); len(early) > 0 {
		t.Errorf("%d requests failed within the delay; the first: %+v", len(early), early[0])
	}
	if len(late) == 0 {
		t.Error("nothing was served after SIGTERM")
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the gateway ended with %d", code)
	}
	return true
}

// The configuration changes repeatedly under load, by a signal or by itself. No
// request fails, and an invalid file changes nothing.
func TestReloadLosesNothing(t *testing.T) {
	f := startFleet(t, 2, 50*time.Millisecond)
	// Long queries go to an application of their own, whose timeout changes.
	generation := func(n, timeout string, app ...string) settings {
		s := f.settings(append(app, longTimeout, "context: {generation: {value: "+n+"}}")...)
		s.more = []string{"  - path: /long", "    schema: TestApp.Schema", "    discovery: {" + s.discovery + "}", "    " + timeout}
		return s
	}
	g := startGateway(t, nil, generation("0", longTimeout))
	g.waitConnected(t, 2)
	eventually(t, "long queries have nodes", func() bool { return len(g.status(t).connected(1)) == 2 })
	in := func(n string) bool {
		_, _, body := g.ask(t, `{ contextText }`)
		return strings.Contains(body, "generation: "+n+"}")
	}
	l := g.offer(g.rate(t, form(150, 500)), 0, "/graphql", func(int) string { return operation(`{ counter pace contextText }`) })
	l.waitAnswered(t, 50)

	// A query that began under the old timeout ends with the old one.
	sleep := func(int) string { return operation(`{ sleep(ms: 3600000) }`) }
	earlier := g.offer(1, 1, "/long", sleep)
	eventually(t, "the long query runs", func() bool {
		return strings.Contains(f.live[0].Output()+f.live[1].Output(), "sleeping ")
	})

	settled := func(s settings) settings { // other settings that can change
		s.top = []string{"limits: {body: 65536, in_flight: 5000}"}
		s.discovery = strings.Replace(s.discovery, "prefix: testapp", "prefix: testapp-", 1)
		return s
	}
	g.configure(t, settled(generation("1", "timeout: 500ms", "load: {in_flight: 300}")))
	g.cmd.Process.Signal(syscall.SIGHUP)
	bySignal := eventually(t, "the file is read again on SIGHUP", func() bool { return in("1") })

	later := g.offer(1, 1, "/long", sleep)
	if o := later.wait(); o[0].kind() != "504 TIMEOUT" {
		t.Errorf("a query that began under the new timeout: %+v", o[0])
	}
	for _, n := range f.live {
		n.Wake(t)
	}
	answered := earlier.wait()

	g.configure(t, generation("2", longTimeout))
	byChange := eventually(t, "a changed file is read again", func() bool { return in("2") })

	g.configureText(t, generation("3", longTimeout).yaml(g.listen, g.admin)+"no_such_key: 1\n")
	g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the reason of the refusal is logged", func() bool { return g.log.line("no_such_key") != "" })
	if !in("2") {
		t.Error("a file with a mistake took effect")
	}
	reloads := 3
	for range form(5, 50) {
		for _, n := range []string{"4", "5"} {
			g.configure(t, generation(n, longTimeout))
			g.cmd.Process.Signal(syscall.SIGHUP)
			eventually(t, "the next configuration is in force", func() bool { return in(n) })
			reloads++
		}
	}
	o := l.end()
	t.Logf("figures: %d reloads: %v; in force %v after SIGHUP, %v after a change of the file; refusal: %s",
		reloads, o, bySignal, byChange, g.log.line("no_such_key"))
	if failed := o.failed(); len(failed) > 0 {
		t.Errorf("%d requests failed; the first: %+v", len(failed), failed[0])
	}
	if failed := answered.failed(); len(failed) > 0 {
		t.Errorf("a query that began under the old timeout: %+v", failed[0])
	}
}
