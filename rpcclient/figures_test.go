package rpcclient_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// figures returns the figures of the node at an address. Nil: unknown.
func figures(pool *rpcclient.Pool, at rpcclient.NodeAddr) *rpcclient.NodeFigures {
	for _, n := range pool.Status().Nodes {
		if n.Addr == at.Addr {
			return n.Figures
		}
	}
	return nil
}

func testFigures(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)
	asked := node.Count(t, ":erl_eval.exprs/2")
	before := asked()
	if f := figures(pool, target); f != nil || asked() != before {
		t.Errorf("the node was asked for figures that no reader wants: %+v", f)
	}
	// Two readers that do not wait ask a node that does not answer meanwhile.
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	resume := node.Suspend(t)
	gw.RefreshFigures(impatient)
	gw.RefreshFigures(impatient)
	resume()
	var f *rpcclient.NodeFigures
	eventually(t, "the figures have arrived", func() bool {
		f = figures(pool, target)
		return f != nil
	})
	if got := asked() - before; got != 1 {
		t.Errorf("two readers at the same time asked %d times, want 1", got)
	}
	gw.RefreshFigures(t.Context())
	if got := asked() - before; got != 1 && time.Since(f.At) < 2*time.Second {
		t.Errorf("figures of %v ago were asked for again", time.Since(f.At))
	}
	for got, elixir := range map[any]string{
		strconv.Quote(f.OTPRelease):    "System.otp_release()",
		strconv.Quote(f.ElixirVersion): "System.version()",
		int64(f.Schedulers):            ":erlang.system_info(:schedulers_online)",
		f.Processes:                    "{:erlang.system_info(:process_count), :erlang.system_info(:process_limit)}",
		f.Ports:                        "{:erlang.system_info(:port_count), :erlang.system_info(:port_limit)}",
		f.Atoms:                        "{:erlang.system_info(:atom_count), :erlang.system_info(:atom_limit)}",
		f.ETSTables:                    "{:erlang.system_info(:ets_count), :erlang.system_info(:ets_limit)}",
	} {
		want := node.Eval(t, elixir)
		table, isTable := got.(rpcclient.TableFigures)
		if !isTable {
			if fmt.Sprint(got) != want {
				t.Errorf("%v, want %s = %s", got, elixir, want)
			}
			continue
		}
		var count, limit int64
		if _, err := fmt.Sscanf(want, "{%d, %d}", &count, &limit); err != nil || table.Limit != limit || table.Count < count/2 || table.Count > 2*count {
			t.Errorf("%+v, want about %s = %s", table, elixir, want)
		}
	}
	m := f.Memory
	if m.Total <= 0 || m.Processes <= 0 || m.Code <= 0 || m.Total != m.Processes+m.Atoms+m.Binaries+m.Code+m.ETS+m.Other {
		t.Errorf("the kinds of memory do not add up: %+v", m)
	}
	if f.Uptime <= 0 {
		t.Errorf("the uptime is %v", f.Uptime)
	}
	if full := f.NearlyFull(); full != nil {
		t.Errorf("tables %v are nearly full", full)
	}
}

// The figures of one node do not wait for those of another.
func testFiguresOfASlowNode(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atB)
	resume := a.Suspend(t)
	eventually(t, "the figures of the other node have arrived", func() bool {
		gw.RefreshFigures(t.Context())
		return figures(pool, atB) != nil
	})
	slow := figures(pool, atA)
	resume()
	if slow != nil {
		t.Errorf("the slow node has %+v", slow)
	}
	eventually(t, "the figures of the slow node have arrived", func() bool {
		gw.RefreshFigures(t.Context())
		return figures(pool, atA) != nil
	})
}

// The log tells once that a table is nearly full, and once that it has room again.
func TestNearlyFullTable(t *testing.T) {
	node, target := startApp(t, beamtest.Options{Args: []string{"+P", "1024"}})
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)
	const full, room = "a table of a node is nearly full", "a table of a node has room again"
	told := func(message string) int {
		gw.RefreshFigures(t.Context())
		return len(gw.log.Lines(message, "table=processes", "limit=1024", node.Name))
	}
	for round := range 2 {
		node.Eval(t, `:persistent_term.put(:filled, for _ <- 1..850 do spawn(fn -> Process.sleep(:infinity) end) end)`)
		eventually(t, "the table of processes is nearly full", func() bool {
			lines, f := told(full), figures(pool, target)
			return lines > round && f != nil && slices.Equal(f.NearlyFull(), []string{rpcclient.TableProcesses})
		})
		node.Eval(t, `Enum.each(:persistent_term.get(:filled), &Process.exit(&1, :kill))`)
		eventually(t, "the table of processes has room", func() bool { return told(room) > round })
	}
	for _, message := range []string{full, room} {
		if lines := gw.log.Lines(message); len(lines) != 2 {
			t.Errorf("logged %q, want two", lines)
		}
	}
}

// Asking again makes no atoms.
func testFiguresMakeNoAtoms(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	ask := func() int {
		if probe, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, ""); err != nil || probe.Figures == nil {
			t.Fatalf("%+v, %v", probe, err)
		}
		leftAlone(t, node)
		return node.Atoms(t)
	}
	// Code for the first answer, and for what is rare, makes atoms once.
	var before int
	after := ask()
	for range 5 {
		if before, after = after, ask(); after == before {
			return
		}
	}
	t.Errorf("%d new atoms: %s", after-before, node.NewAtoms(t, before))
}
