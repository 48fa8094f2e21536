package gateway

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// A network may send so many wrong tokens at once, and then one in each interval.
// So many networks are remembered.
const (
	guessBurst    = 10
	guessInterval = time.Second
	guessNetworks = 1024
)

// guesses bound how often the operators' token can be guessed. Past the bound, tokens
// of the network are refused without a look at them, the right one too.
type guesses struct {
	mu    sync.Mutex
	wrong *simplelru.LRU[netip.Prefix, *rate.Limiter] // tokens of networks
}

func newGuesses() *guesses {
	wrong, err := simplelru.NewLRU[netip.Prefix, *rate.Limiter](guessNetworks, nil)
	if err != nil { // the size is not positive
		panic("gateway: " + err.Error())
	}
	return &guesses{wrong: wrong}
}

// check returns why the token of a client is refused, nil if it is right.
func (g *guesses) check(client string, right func() bool) *failure {
	network := networkOf(client)
	g.mu.Lock()
	defer g.mu.Unlock()
	past, known := g.wrong.Get(network)
	if known && past.Tokens() < 1 {
		return tooManyGuesses
	}
	if right() {
		return nil
	}
	if !known {
		past = rate.NewLimiter(rate.Every(guessInterval), guessBurst)
		g.wrong.Add(network, past)
	}
	past.Allow()
	return operatorsOnly
}

// networkOf is what one client has to itself: an address, or 64 bits of IPv6.
func networkOf(client string) netip.Prefix {
	address, _ := netip.ParseAddrPort(client)
	addr := address.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits)
	return network
}
