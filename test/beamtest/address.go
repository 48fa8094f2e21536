package beamtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"
)

// FreeAddress returns a free loopback address in a namespace, or here, for a program that
// has to be told its address. FreeAddresses returns two that differ.
func FreeAddress(t testing.TB, in *Namespace) string {
	t.Helper()
	address, _ := FreeAddresses(t, in)
	return address
}

// FreeAddresses returns two free loopback addresses that differ: both are taken until both
// are known.
func FreeAddresses(t testing.TB, in *Namespace) (first, second string) {
	t.Helper()
	var addresses [2]string
	for i := range addresses {
		l, err := listenBelowEphemeral(in)
		if err != nil {
			t.Fatalf("beamtest: %v", err)
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses[0], addresses[1]
}

// firstPort is above the ports of well-known services.
const firstPort = 20000

// listenBelowEphemeral listens on a port that the system gives to nobody who asks for any
// port, neither to listeners nor to connections. So it is still free when the program that is
// told the port takes it.
func listenBelowEphemeral(in *Namespace) (l net.Listener, err error) {
	end := 32768
	if text, readErr := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); readErr == nil {
		fmt.Sscan(string(text), &end)
	}
	if end <= firstPort {
		return in.Listen("tcp", "127.0.0.1:0")
	}
	const attempts = 100 // a port may be taken
	for range attempts {
		if l, err = in.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(end-firstPort))); err == nil {
			return l, nil
		}
	}
	return nil, err
}
