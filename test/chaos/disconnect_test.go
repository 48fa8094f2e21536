package chaos

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Clients leave at various points of a request. Nothing of their requests is left on
// either side long before the calls would have ended.
func TestDisconnects(t *testing.T) {
	f := startFleet(t, 2, time.Hour)
	g := startGateway(t, nil, f.settings("timeout: 2h", "load: {in_flight: 2000}"))
	g.waitConnected(t, 2)
	goroutines, connections := g.status(t).Goroutines, g.status(t).Connections

	clients, parallel := form(1000, 10_000), 250
	running := func() int { return calls(t, f.live[0]) + calls(t, f.live[1]) }
	began := time.Now()
	for range clients / parallel {
		var leaving sync.WaitGroup
		mostRun := make(chan struct{})
		for i := range parallel {
			leaving.Go(func() {
				conn, err := net.Dial("tcp", g.listen)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				body := operation(`{ counter pace }`)
				text := g.request(body)
				if i%10 == 0 { // leaves before the request is complete
					text = text[:len(text)-len(body)/2]
				}
				if _, err := conn.Write([]byte(text)); err != nil {
					t.Error(err)
					return
				}
				if i%5 > 2 { // leaves at any time
					time.Sleep(rand.N(200 * time.Millisecond))
				} else {
					<-mostRun
				}
				if i%2 == 0 { // by a reset
					conn.(*net.TCPConn).SetLinger(0)
				}
			})
		}
		eventually(t, "a third of the calls run", func() bool { return running() >= parallel/3 })
		close(mostRun)
		leaving.Wait()
	}
	took := time.Since(began).Round(time.Millisecond)

	left := time.Now()
	eventually(t, "the nodes have no process left of a client", func() bool { return running() == 0 })
	there := time.Since(left).Round(time.Millisecond)
	eventually(t, "the gateway has no goroutine, operation or connection left of a client", func() bool {
		s := g.status(t)
		return s.Goroutines <= goroutines && s.InFlight == 0 && s.Connections <= connections
	})
	here := time.Since(left).Round(time.Millisecond)

	ran := count(t, f.live[0]) + count(t, f.live[1]) - 2
	t.Logf("figures: %d clients left within %v, %d of their calls ran; last process gone after %v, the gateway as before after %v",
		clients, took, ran, there, here)
}
