package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// connect starts two nodes of an application, and a pool that is connected to them.
func connect(ctx context.Context) (pool *rpcclient.Pool, stop func()) {
	log := slog.New(slog.DiscardHandler)
	cookie := "a-long-random-cookie"
	cluster, err := demo.StartCluster(demo.NewBackend(), cookie, "my-app-01ABC", "my-app-02DEF")
	if err != nil {
		panic(err)
	}
	node, err := rpcclient.Start(rpcclient.NodeConfig{Name: "gopher@127.0.0.1", Cookie: rpcclient.Secret(cookie)}, log)
	if err != nil {
		panic(err)
	}
	pool = rpcclient.NewPool(node, rpcclient.PoolConfig{}, log)
	finder := discovery.New(discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "my-app", EPMDPort: cluster.EPMDPort, Timeout: time.Minute}, net.DefaultResolver, log)
	report := finder.Poll(ctx)
	var targets []rpcclient.NodeAddr
	for _, found := range report.Nodes {
		targets = append(targets, rpcclient.NodeAddr(found))
	}
	pool.Update(targets, report.Addrs)
	for !pool.Ready() {
		time.Sleep(time.Millisecond)
	}
	return pool, func() {
		pool.Close(ctx)
		node.Stop()
		cluster.Stop()
	}
}

// init:get_status() on one of the nodes.
func ExamplePool_Call() {
	ctx := context.Background()
	pool, stop := connect(ctx)
	defer stop()

	result, err := pool.Call(ctx, "init", "get_status", etf.AppendNil(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer result.Release()
	fmt.Println(result.Value)
	// Output: {:started, :started}
}

// A call that crashes on its node.
func ExampleCallError() {
	ctx := context.Background()
	pool, stop := connect(ctx)
	defer stop()

	_, err := pool.Call(ctx, rpcclient.ModuleAtom("MyApp.Accounts"), "count", etf.AppendNil(nil))
	if crash, ok := errors.AsType[*rpcclient.CallError](err); ok {
		fmt.Println(crash.Class, crash.Reason)
	}
	// Output: error :undef at MyApp.Accounts.count/0
}

// A document on one of the nodes, as JSON.
func ExampleAbsinthe_Run() {
	ctx := context.Background()
	pool, stop := connect(ctx)
	defer stop()

	absinthe := rpcclient.Absinthe{Pool: pool, Config: rpcclient.AbsintheConfig{Schema: demo.Schema}}
	result, err := absinthe.Run(ctx, rpcclient.Operation{
		Document:   `query ($limit: Int) { parts(limit: $limit) { name price } }`,
		Variables:  []byte(`{"limit": 1}`),
		Idempotent: true, // a query may go to another node if its node is lost
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer result.Release()
	json, err := result.Value.AppendJSON(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", json)
	// Output: {"data":{"parts":[{"name":"Deep groove ball bearing 6204","price":"4.80"}]}}
}
