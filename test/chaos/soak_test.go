package chaos

import (
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// A long mixed load. The gateway's use of resources does not grow.
func TestSoak(t *testing.T) {
	f := startFleet(t, 3, 20*time.Millisecond)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 3)
	period := soakTime(t)

	rate := g.rate(t, form(60, 180))
	queries := g.offer(max(1, rate*5/6), 0, "/graphql", func(int) string { return operation(`{ counter pace }`) })
	mutations := g.offer(max(1, rate/6), 0, "/graphql", appendOperation)
	large := g.offer(2, 0, "/graphql", func(int) string { return operation(`{ large(bytes: 1048576) }`) })
	crashes := g.offer(1, 0, "/graphql", func(int) string { return operation(`{ raise }`) })
	leavers := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(leavers)
		g.leave(t, 10, stop)
	}()

	// The test's own goroutine kills, starts, reloads and samples.
	reload := time.NewTicker(form(3*time.Second, 20*time.Second))
	kill := time.NewTicker(form(3*time.Second, 5*time.Second))
	look := time.NewTicker(form(200*time.Millisecond, time.Second))
	defer reload.Stop()
	defer kill.Stop()
	defer look.Stop()
	var samples []sample
	killed, reloads := 0, 0
	for end := time.After(period); end != nil || len(samples) < 30; {
		select {
		case <-kill.C:
			f.kill()
			f.start(t)
			killed++
		case <-reload.C:
			reloads++
			g.configure(t, f.settings(fmt.Sprintf("timeout: %v", waittest.Limit+time.Duration(reloads%2)*time.Second)))
			g.cmd.Process.Signal(syscall.SIGHUP)
		case <-look.C:
			s, v := g.status(t), g.vitals(t)
			samples = append(samples, sample{s.Goroutines, v.fds, int(s.MemoryBytes >> 20), int(v.rss >> 20)})
		case <-end:
			end = nil
		}
	}
	close(stop)
	<-leavers
	q, m, b, c := queries.end(), mutations.end(), large.end(), crashes.end()

	first, last := maxOf(samples[:len(samples)/3]), maxOf(samples[len(samples)-len(samples)/3:])
	t.Logf("figures: %v, %d nodes killed, %d reloads; queries: %v; mutations: %s; answers of 1 MiB: %v; crashes: %s",
		period, killed, reloads, q, m.kinds(), b, c.kinds())
	t.Logf("figures: the most in the first third: %v; in the last: %v", first, last)
	if failed := append(q, b...).failed(); len(failed) > 0 {
		t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
	}
	if failed := m.failed().filter(func(o outcome) bool { return o.kind() != "502 NODE_DOWN" }); len(failed) > 0 {
		t.Errorf("%d mutations failed other than by the loss of their node; the first: %+v", len(failed), failed[0])
	}
	for _, grown := range []struct {
		what               string
		first, last, slack int
	}{
		{"goroutines", first.goroutines, last.goroutines, 50},
		{"file descriptors", first.fds, last.fds, 30},
		{"MiB of Go's memory", first.memory, last.memory, 32},
		{"MiB resident", first.rss, last.rss, 32},
	} {
		if grown.last > grown.first+grown.first/10+grown.slack {
			t.Errorf("%s: at most %d in the first third, %d in the last", grown.what, grown.first, grown.last)
		}
	}
}

// sample is the gateway's use of resources at some time.
type sample struct{ goroutines, fds, memory, rss int }

func (s sample) String() string {
	return fmt.Sprintf("%d goroutines, %d file descriptors, %d MiB of Go's memory, %d MiB resident", s.goroutines, s.fds, s.memory, s.rss)
}

// maxOf is the maximum of each.
func maxOf(samples []sample) (m sample) {
	for _, s := range samples {
		m = sample{max(m.goroutines, s.goroutines), max(m.fds, s.fds), max(m.memory, s.memory), max(m.rss, s.rss)}
	}
	return m
}

// leave sends `rate` requests a second whose clients disconnect midway, until stop is
// closed.
func (g *gateway) leave(t *testing.T, rate int, stop <-chan struct{}) {
	body := operation(`{ sleep(ms: 60000) }`)
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		conn, err := net.Dial("tcp", g.listen)
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, g.request(body))
		time.AfterFunc(50*time.Millisecond, func() { conn.Close() })
	}
}
