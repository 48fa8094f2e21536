package service

import (
	"context"
	"fmt"
	"sync"

	"github.com/louche-graphql/louche/discovery"
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
			lines := problemLines(r)
			a.problems.Store(&lines)
			setPolled()
		})
	})
	a.stopDiscovery = func() {
		cancel()
		watch.Wait()
	}
}

func problemLines(r discovery.Report) []string {
	lines := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		lines[i] = fmt.Sprintf("%s: %v", p.Source, p.Err)
	}
	return lines
}

func nodeAddrs(nodes []discovery.Node) []rpcclient.NodeAddr {
	addrs := make([]rpcclient.NodeAddr, len(nodes))
	for i, n := range nodes {
		addrs[i] = rpcclient.NodeAddr(n)
	}
	return addrs
}
