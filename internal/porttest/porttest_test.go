package porttest

import (
	"fmt"
	"net"
	"os"
	"testing"
)

func TestListen(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("the kernel does not tell which ports it gives away")
	}
	var low int
	fmt.Sscan(string(text), &low)
	if low <= first {
		t.Skipf("the kernel gives away ports from %d on", low)
	}
	for range 20 {
		l, err := Listen(net.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if addr := l.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() || addr.Port < first || addr.Port >= low {
			t.Errorf("listens on %v, where the kernel gives away ports from %d on", addr, low)
		}
	}
}
