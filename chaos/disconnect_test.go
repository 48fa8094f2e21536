package chaos

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Clients leave midway, in every way: nothing of theirs is left, here or there.
func TestDisconnects(t *testing.T) {
	f := startFleet(t, 2, time.Minute)
	g := startGateway(t, nil, f.settings("timeout: 2m", "load: {in_flight: 2000}"))
	g.waitConnected(t, 2)
	goroutines, connections := g.status(t).Goroutines, g.status(t).Connections

	clients, parallel := form(1000, 10_000), 250
	body := operation(`{ counter pace }`)
	request := g.request(body)
	places := make(chan struct{}, parallel)
	var leaving sync.WaitGroup
	began := time.Now()
	for i := range clients {
		places <- struct{}{}
		leaving.Go(func() {
			defer func() { <-places }()
			conn, err := net.Dial("tcp", g.listen)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			text := request
			if i%10 == 0 { // leaves before all is said
				text = request[:len(request)-len(body)/2]
			}
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(rand.N(200 * time.Millisecond))
			if i%2 == 0 { // by a reset
				conn.(*net.TCPConn).SetLinger(0)
			}
		})
	}
	leaving.Wait()
	took := time.Since(began).Round(time.Millisecond)

	left := time.Now()
	var processes int
	eventually(t, "the nodes have no process left of a client", func() bool {
		processes = calls(t, f.live[0]) + calls(t, f.live[1])
		return processes == 0
	})
	there := time.Since(left).Round(time.Millisecond)
	eventually(t, "the gateway has no goroutine left of a client", func() bool { return g.status(t).Goroutines <= goroutines })
	here := time.Since(left).Round(time.Millisecond)

	ran := count(t, f.live[0]) + count(t, f.live[1]) - 2
	s := g.status(t)
	t.Logf("figures: %d clients left within %v, %d of their calls ran; last process gone after %v, last goroutine after %v (%d, before %d)",
		clients, took, ran, there, here, s.Goroutines, goroutines)
	if there > time.Second || here > time.Second {
		t.Errorf("processes are gone after %v, goroutines after %v; want 1s", there, here)
	}
	if ran < clients/4 {
		t.Errorf("only %d of %d calls ran: little was shown", ran, clients)
	}
	if s.InFlight != 0 || s.Connections > connections {
		t.Errorf("after all: %d operations in flight, %d connections where there were %d at most", s.InFlight, s.Connections, connections)
	}
}
