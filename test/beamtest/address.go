package beamtest

import (
	"testing"

	"github.com/louche-graphql/louche/internal/porttest"
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
		l, err := porttest.Listen(in.Listen)
		if err != nil {
			t.Fatalf("beamtest: %v", err)
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses[0], addresses[1]
}
