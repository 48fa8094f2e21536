package service

import (
	"context"
	"fmt"
	"sync"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/rpcclient"
)

// startDiscovery keeps the nodes of the application's pool up to date.
func (a *application) startDiscovery() {
	ctx, cancel := context.WithCancel(context.Background())
	a.polled = make(chan struct{})
	setPolled := sync.OnceFunc(func() { close(a.polled) })
	var watch sync.WaitGroup
	watch.Go(func() {
		a.discovery.Watch(ctx, func(r discovery.Report) {
			a.absinthe.Pool.Update(nodeAddrs(r.Nodes), r.Addrs)
			a.found.Store(newDiscoveryStatus(r))
			setPolled()
		})
	})
	a.stopDiscovery = func() {
		cancel()
		watch.Wait()
	}
}

func newDiscoveryStatus(r discovery.Report) *gateway.DiscoveryStatus {
	s := &gateway.DiscoveryStatus{Found: len(r.Nodes)}
	for _, addr := range r.Addrs {
		s.Addresses = append(s.Addresses, addr.String())
	}
	for _, a := range r.EPMDs {
		epmd := gateway.EPMDStatus{Address: a.Addr.String(), Names: make([]gateway.EPMDName, len(a.Names)), More: a.More}
		for i, name := range a.Names {
			epmd.Names[i] = gateway.EPMDName(name)
		}
		if a.Err != nil {
			epmd.Problem = a.Err.Error()
		}
		s.EPMDs = append(s.EPMDs, epmd)
	}
	for _, p := range r.Problems {
		s.Problems = append(s.Problems, fmt.Sprintf("%s: %v", p.Source, p.Err))
	}
	return s
}

func nodeAddrs(nodes []discovery.Node) []rpcclient.NodeAddr {
	addrs := make([]rpcclient.NodeAddr, len(nodes))
	for i, n := range nodes {
		addrs[i] = rpcclient.NodeAddr(n)
	}
	return addrs
}
