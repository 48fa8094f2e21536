package erldist_test

import (
	"context"
	"fmt"
	"net"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Two nodes in one program: one serves what the other spawns.
func Example() {
	ctx := context.Background()
	a, b := net.Pipe()

	server := erldist.Node{Name: "server@127.0.0.1", Creation: 1, Cookie: "secret"}
	go func() {
		peer, err := erldist.Accept(ctx, b, server)
		if err != nil {
			return
		}
		double := func(_ context.Context, p erldist.Process) []byte {
			d := etf.NewDecoder(p.Args)
			d.List()
			n, _ := d.Int()
			return etf.AppendInt(nil, 2*n)
		}
		erldist.New(b, server, peer, erldist.Options{Handler: double}).Serve()
	}()

	client := erldist.Node{Name: "client@127.0.0.1", Creation: 2, Cookie: "secret"}
	peer, err := erldist.Initiate(ctx, a, client)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn := erldist.New(a, client, peer, erldist.Options{})
	go conn.Serve()
	defer conn.Close()

	args := etf.AppendNil(etf.AppendInt(etf.AppendList(nil, 1), 21))
	exit, err := conn.Spawn(ctx, erldist.Spawn{Module: "math", Function: "double", Args: args, Arity: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(peer.Name, "answered", exit.Term)
	// Output: server@127.0.0.1 answered 42
}
