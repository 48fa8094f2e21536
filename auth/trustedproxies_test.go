package auth_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

var proxies = auth.TrustedProxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}

func TestClientAddress(t *testing.T) {
	const proxy = "10.0.0.1"
	for _, tt := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1", "198.51.100.7", "192.0.2.1"},
		{proxy, "", proxy},
		{proxy, "192.0.2.1", "192.0.2.1"},
		{proxy, "198.51.100.7, 192.0.2.1", "192.0.2.1"},
		{proxy, "192.0.2.1\t,\t10.0.0.2 ,10.0.0.3", "192.0.2.1"},
		{proxy, "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{proxy, "::ffff:192.0.2.1", "192.0.2.1"},
		{proxy, "2001:db8::1", "2001:db8::1"},
		{proxy, "192.0.2.1:4711", "192.0.2.1"},
		{proxy, "[2001:db8::1]:4711", "2001:db8::1"},
		{"fe80::1%eth0", "192.0.2.1", "192.0.2.1"},
		{proxy, "192.0.2.1, fe80::1%eth0", "192.0.2.1"},
		// An entry that is not an address ends the search.
		{proxy, "192.0.2.1, unknown", proxy},
		{proxy, "192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"},
		{proxy, "192.0.2.1,", proxy},
		{proxy, `"192.0.2.1"`, proxy},
		{proxy, "192.0.2.1:99999", proxy},
		{proxy, "192.0.2.001", proxy},
		{proxy, "192.0.2.1 198.51.100.7", proxy},
	} {
		if got := proxies.ClientAddress(netip.MustParseAddr(tt.peer), header("X-Forwarded-For", tt.forwarded)); got.String() != tt.want {
			t.Errorf("%s says %q: %v, want %s", tt.peer, tt.forwarded, got, tt.want)
		}
	}
	several := header("X-Forwarded-For", "198.51.100.7, 192.0.2.1", "X-Forwarded-For", "10.0.0.2")
	if got := proxies.ClientAddress(netip.MustParseAddr(proxy), several); got.String() != "192.0.2.1" {
		t.Errorf("of two headers: %v", got)
	}
	if got := proxies.ClientAddress(netip.Addr{}, several); got.IsValid() {
		t.Errorf("of a peer without an address: %v", got)
	}
}

// A long header of a client costs no more than the entries of the proxies behind it.
func TestLongForwarded(t *testing.T) {
	long := http.Header{"X-Forwarded-For": {strings.Repeat(",", 60_000) + "192.0.2.1, 10.0.0.2"}}
	peer := netip.MustParseAddr("10.0.0.1")
	if n := testing.AllocsPerRun(10, func() { proxies.ClientAddress(peer, long) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
