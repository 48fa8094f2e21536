package chaos

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// SIGTERM under a load of mutations, with clients that look at /readyz as a load
// balancer does, and with others that go on until they are refused.
func TestShutdownLosesNothing(t *testing.T) {
	const delay = 2 * time.Second
	for _, tt := range []struct {
		name   string
		polite bool
	}{{"clients that watch readyz", true}, {"clients that do not", false}} {
		t.Run(tt.name, func(t *testing.T) {
			f := startFleet(t, 2, 50*time.Millisecond)
			s := f.settings("timeout: 10s")
			s.top = []string{"shutdown_delay: 2s", "shutdown_grace: 10s"}
			g := startGateway(t, nil, s)
			g.waitConnected(t, 2)
			l := g.offer(form(200, 800), 0, "/graphql", appendOperation)
			time.Sleep(form(time.Second, 5*time.Second))

			g.cmd.Process.Signal(syscall.SIGTERM)
			signalled := time.Since(l.began)
			unready := eventually(t, "readyz says 503", func() bool { return g.health("/readyz") == http.StatusServiceUnavailable })
			if tt.polite {
				time.Sleep(delay / 2) // the load balancer's own interval
			} else {
				<-g.exited
			}
			o := l.end()
			<-g.exited

			runs := f.appended(t)
			lost := o.failed().those(func(o outcome) bool { return runs[appendID(o.request)] > 0 })
			late := o.ok().sentFrom(signalled)
			t.Logf("figures: %s; 503 on /readyz after %v; %d served after SIGTERM; accepted and lost: %d", o.kinds(), unready, len(late), len(lost))
			if len(lost) > 0 {
				t.Errorf("%d mutations ran and were not answered; the first: %+v", len(lost), lost[0])
			}
			if failed := o.failed(); tt.polite && len(failed) > 0 {
				t.Errorf("%d requests failed; the first: %+v", len(failed), failed[0])
			}
			// Until the delay is over, nobody is refused.
			if early := o.failed().those(func(o outcome) bool { return o.sent+o.took < signalled+delay-settling }); len(early) > 0 {
				t.Errorf("%d requests failed within the delay; the first: %+v", len(early), early[0])
			}
			if len(late) == 0 {
				t.Error("nothing was served after SIGTERM")
			}
			if code := g.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("the gateway ended with %d", code)
			}
		})
	}
}

// The configuration changes again and again under load, by a signal or on its
// own: no request fails, and a mistake changes nothing.
func TestReloadLosesNothing(t *testing.T) {
	f := startFleet(t, 2, 50*time.Millisecond)
	generation := func(n string, app ...string) settings {
		return f.settings(append(app, "context: {generation: {value: "+n+"}}")...)
	}
	g := startGateway(t, nil, generation("0", "timeout: 10s"))
	g.waitConnected(t, 2)
	in := func(n string) bool {
		_, _, body := g.ask(t, `{ contextText }`)
		return strings.Contains(body, "generation: "+n+"}")
	}
	l := g.offer(form(150, 500), 0, "/graphql", func(int) string { return operation(`{ counter pace contextText }`) })

	// One that began under the old deadline ends under it.
	began := g.press(1, "/graphql", func(int) string { return operation(`{ sleep(ms: 2500) }`) })
	eventually(t, "the long query runs", func() bool {
		return strings.Contains(f.live[0].Output()+f.live[1].Output(), "sleeping ")
	})

	settled := func(s settings) settings { // what else can change
		s.top = []string{"limits: {body: 65536, in_flight: 5000}"}
		s.discovery = strings.Replace(s.discovery, "prefix: testapp", "prefix: testapp-", 1)
		return s
	}
	g.configure(t, settled(generation("1", "timeout: 2s", "load: {in_flight: 300}")))
	g.cmd.Process.Signal(syscall.SIGHUP)
	bySignal := eventually(t, "the file is read again on SIGHUP", func() bool { return in("1") })

	answered := began.end()

	g.configure(t, generation("2", "timeout: 10s"))
	byChange := eventually(t, "a changed file is read again", func() bool { return in("2") })

	g.configureText(t, generation("3", "timeout: 10s").yaml(g.listen, g.admin)+"no_such_key: 1\n")
	g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the reason of the refusal is logged", func() bool { return g.log.line("no_such_key") != "" })
	if !in("2") {
		t.Error("a file with a mistake took effect")
	}
	reloads := 3
	for range form(5, 50) {
		for _, n := range []string{"4", "5"} {
			g.configure(t, generation(n, "timeout: 10s"))
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
	if failed := answered[:1].failed(); len(failed) > 0 {
		t.Errorf("a query that began under the old timeout: %+v", failed[0])
	}
}
