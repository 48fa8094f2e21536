package server

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	"github.com/quic-go/quic-go"

	"github.com/louche-graphql/louche/internal/network"
)

// A quicLimit bounds the connections of HTTP/3, by limits.connections and
// limits.connections_per_address.
type quicLimit struct {
	most, perAddress int
	trusted          func(netip.Addr) bool
	counts           *connectionCounts

	mu   sync.Mutex
	open openConnections
}

var errConnections = errors.New("too many connections")

// admit is for [quic.Transport.ConnContext].
func (l *quicLimit) admit(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	addr := addressOf(client.RemoteAddr)
	of := network.Of(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.total >= l.most || l.open.of[of] >= l.perAddress && !l.trusted(addr) {
		return nil, errConnections
	}
	l.open.add(of)
	l.counts[http3].Add(1)
	context.AfterFunc(ctx, func() { l.leave(of) })
	return ctx, nil
}

func (l *quicLimit) leave(of netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[http3].Add(-1)
	l.open.remove(of)
}
