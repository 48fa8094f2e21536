package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/demo"
)

// Two nodes of an application on this host.
func ExampleDiscovery_Poll() {
	cluster, err := demo.StartCluster(demo.NewBackend(), "a-long-random-cookie", "my-app-01ABC", "my-app-02DEF")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop()

	finder := discovery.New(discovery.Config{
		DNS:      []string{"127.0.0.1"},
		Prefix:   "my-app",
		EPMDPort: cluster.EPMDPort, // 4369 unless set
	}, net.DefaultResolver, slog.Default())
	for _, node := range finder.Poll(context.Background()).Nodes {
		fmt.Println(node.Name)
	}
	// Output:
	// my-app-01ABC@127.0.0.1
	// my-app-02DEF@127.0.0.1
}

// A report says why a source names no node.
func ExampleProblem() {
	cluster, err := demo.StartCluster(demo.NewBackend(), "a-long-random-cookie", "other-app")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop()

	finder := discovery.New(discovery.Config{
		DNS:      []string{"127.0.0.1"},
		Prefix:   "my-app",
		EPMDPort: cluster.EPMDPort,
	}, net.DefaultResolver, slog.Default())
	for _, problem := range finder.Poll(context.Background()).Problems {
		fmt.Println(errors.Is(problem.Err, discovery.ErrNoMatch))
	}
	// Output: true
}
