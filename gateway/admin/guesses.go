package admin

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/internal/network"
)

// A network may send guessBurst wrong tokens at once, and then one in each guessInterval.
const (
	guessBurst    = 10
	guessInterval = time.Second
	guessNetworks = 1024
)

// guesses bound how often a network can guess the operators' token. Past the bound, every
// token of the network is refused unread, the right one too.
type guesses struct {
	mu    sync.Mutex
	wrong *cache.Cache[netip.Prefix, *rate.Limiter] // tokens of networks
}

func newGuesses() *guesses {
	return &guesses{wrong: cache.New[netip.Prefix, *rate.Limiter](guessNetworks, 0)}
}

// check returns why the token of a client is refused; nil: it is right.
func (g *guesses) check(client string, right func() bool) *response.Error {
	network := network.OfPeer(client)
	g.mu.Lock()
	defer g.mu.Unlock()
	past, known := g.wrong.Get(network)
	if known && past.Tokens() < 1 {
		return errTooManyGuesses
	}
	if right() {
		return nil
	}
	if !known {
		past = rate.NewLimiter(rate.Every(guessInterval), guessBurst)
		g.wrong.Add(network, past, 0)
	}
	past.Allow()
	return errOperatorsOnly
}
