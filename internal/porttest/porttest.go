// Package porttest finds ports for programs of tests that have to be told theirs.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// first is above the ports of well-known services.
const first = 20000

// Listen listens on a port of 127.0.0.1 outside of the range from which the system chooses ports
// of listeners and connections. So the port is still free when the program that is told it takes
// it. listen is [net.Listen], here or in a network namespace.
func Listen(listen func(network, address string) (net.Listener, error)) (l net.Listener, err error) {
	end := 32768
	if text, readErr := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); readErr == nil {
		fmt.Sscan(string(text), &end)
	}
	if end <= first {
		return listen("tcp", "127.0.0.1:0")
	}
	const attempts = 100 // a port may be taken
	for range attempts {
		if l, err = listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(end-first))); err == nil {
			return l, nil
		}
	}
	return nil, err
}
