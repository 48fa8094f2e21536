package e2e_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// erpcLoad makes calls from processes of one BEAM node to another node.
type erpcLoad struct{ node *beamtest.Node }

// newErpcLoad connects node to target. The callers are a compiled module: functions of an
// evaluated expression are interpreted.
func newErpcLoad(b *testing.B, node *beamtest.Node, target string) erpcLoad {
	node.Eval(b, fmt.Sprintf(`
		defmodule Callers do
		  @target :%q
		  @document %q

		  def run(callers, requests) do
		    left = :atomics.new(1, [])
		    :atomics.put(left, 1, requests)
		    began = System.monotonic_time(:nanosecond)
		    for(_ <- 1..callers, do: spawn_monitor(fn -> call(left) end))
		    |> Enum.each(fn {_, ref} -> receive do {:DOWN, ^ref, _, _, reason} -> :normal = reason end end)
		    System.monotonic_time(:nanosecond) - began
		  end

		  defp call(left) do
		    if :atomics.sub_get(left, 1, 1) >= 0 do
		      options = [variables: %%{}, operation_name: nil, context: %%{current_user_id: %d}]
		      {:ok, %%{data: _}} =
		        :erpc.call(@target, Absinthe, :run, [@document, TestApp.Schema, options], 30_000)
		      call(left)
		    end
		  end
		end
		true = Node.connect(:%q)`, target, benchDocument, benchUser, target))
	return erpcLoad{node}
}

func (l erpcLoad) run(b *testing.B, callers, requests int) time.Duration {
	elapsed, err := strconv.ParseInt(l.node.Eval(b, fmt.Sprintf("Callers.run(%d, %d)", callers, requests)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(elapsed)
}

// httpLoad sends one request over and over on each of its connections.
type httpLoad struct {
	address string
	request []byte
	clients []*client // grows with the number of callers
}

func newHTTPLoad(address, body string) *httpLoad {
	return &httpLoad{address: address, request: fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\n"+
		"Host: %s\r\nContent-Type: application/json\r\nX-User-Id: %d\r\nContent-Length: %d\r\n\r\n%s",
		address, benchUser, len(body), body)}
}

func (l *httpLoad) run(b *testing.B, callers, requests int) time.Duration {
	for len(l.clients) < callers {
		socket, err := net.Dial("tcp", l.address)
		if err != nil {
			b.Fatal(err)
		}
		l.clients = append(l.clients, &client{socket, bufio.NewReader(socket)})
	}
	var left atomic.Int64
	left.Store(int64(requests))
	ended := make(chan error, callers)
	began := time.Now()
	for _, c := range l.clients[:callers] {
		go func() {
			var err error
			for err == nil && left.Add(-1) >= 0 {
				err = c.exchange(l.request)
			}
			ended <- err
		}()
	}
	var err error
	for range callers {
		err = errors.Join(err, <-ended)
	}
	elapsed := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	return elapsed
}

// client is a minimal HTTP client: it leaves the CPU to the measured processes.
type client struct {
	socket net.Conn
	in     *bufio.Reader
}

// exchange sends a request and reads its response, which must be 200 with a Content-Length.
func (c *client) exchange(request []byte) error {
	if _, err := c.socket.Write(request); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered with %q", line)
	}
	length := -1
	for string(line) != "\r\n" {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("answered without Content-Length")
	}
	_, err = c.in.Discard(length)
	return err
}
