package rpcclient

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// NodeFigures are figures of a node's runtime, as erlang:statistics/1, erlang:memory/0 and
// erlang:system_info/1 have them.
type NodeFigures struct {
	OTPRelease    string // "27"
	ElixirVersion string // "1.18.4"; empty: the node has no Elixir
	Uptime        time.Duration
	Schedulers    int // online
	// RunQueue is the number of processes and ports that are ready to run and wait for a
	// scheduler, dirty I/O schedulers excepted.
	RunQueue  int
	Memory    NodeMemory
	Processes TableFigures
	Ports     TableFigures
	Atoms     TableFigures
	// ETSTables are beside ets_limit, which the runtime no longer enforces.
	ETSTables TableFigures
	// At is when the node was asked.
	At time.Time
}

// NodeMemory is memory that the runtime has allocated, in bytes. The kinds add up to Total.
// All are zero if the node runs without its own allocators.
type NodeMemory struct {
	Total, Processes, Atoms, Binaries, Code, ETS, Other int64
}

// TableFigures are the entries of a table of the runtime, and its limit.
type TableFigures struct {
	Count, Limit int64
}

// A table is nearly full from nearlyFull of its limit on, and until it is below roomAgain.
const (
	nearlyFull = 0.80
	roomAgain  = 0.75
)

// exceeds reports whether the table has at least this share of its limit.
func (t TableFigures) exceeds(share float64) bool {
	return t.Limit > 0 && float64(t.Count) >= share*float64(t.Limit)
}

// Tables of [NodeFigures.NearlyFull].
const (
	TableAtoms     = "atoms"     // the node ends when it is full
	TableProcesses = "processes" // no process starts while it is full
	TablePorts     = "ports"     // no file or socket opens while it is full
)

// limitedTables are the tables whose limits the runtime enforces.
var limitedTables = []string{TableAtoms, TableProcesses, TablePorts}

// table returns one of limitedTables.
func (f *NodeFigures) table(name string) TableFigures {
	switch name {
	case TableAtoms:
		return f.Atoms
	case TableProcesses:
		return f.Processes
	}
	return f.Ports
}

// NearlyFull returns the tables that have 80 % of their limit.
func (f *NodeFigures) NearlyFull() (tables []string) {
	for _, name := range limitedTables {
		if f.table(name).exceeds(nearlyFull) {
			tables = append(tables, name)
		}
	}
	return tables
}

// fetchFigures asks a node for its figures.
func (c *liveConn) fetchFigures(ctx context.Context) (*NodeFigures, error) {
	result, err := c.evaluate(ctx, agent.Figures)
	if err != nil {
		return nil, err
	}
	defer result.Release()
	f, err := readFigures(result.Value)
	if err != nil {
		return nil, fmt.Errorf("the figures of %s: %w", result.Node, err)
	}
	f.At = time.Now()
	return f, nil
}

// versionText is the text of a version. A node could send any.
var versionText = regexp.MustCompile(`^[0-9A-Za-z.+-]{0,32}$`)

// maxFigure bounds every number of a node: terabytes, and centuries in milliseconds.
const maxFigure = 1 << 43

// readFigures reads the tuple that agent.Figures returns.
func readFigures(value etf.Term) (*NodeFigures, error) {
	f := new(NodeFigures)
	var uptime, schedulers, runQueue int64
	numbers := []*int64{
		&uptime, &schedulers, &runQueue,
		&f.Memory.Total, &f.Memory.Processes, &f.Memory.Atoms, &f.Memory.Binaries, &f.Memory.Code, &f.Memory.ETS,
		&f.Processes.Count, &f.Processes.Limit, &f.Ports.Count, &f.Ports.Limit,
		&f.Atoms.Count, &f.Atoms.Limit, &f.ETSTables.Count, &f.ETSTables.Limit,
	}
	d := etf.NewDecoder(value)
	if arity, err := d.Tuple(); err != nil || arity != 2+len(numbers) {
		return nil, fmt.Errorf("%s is not a tuple of %d elements", value, 2+len(numbers))
	}
	for _, version := range []*string{&f.OTPRelease, &f.ElixirVersion} {
		text, err := d.Binary()
		if err != nil || !versionText.Match(text) {
			return nil, fmt.Errorf("%s has no version", value)
		}
		*version = string(text)
	}
	for _, number := range numbers {
		n, err := d.Int()
		if err != nil || n < 0 || n > maxFigure {
			return nil, fmt.Errorf("%s has a number that is out of range", value)
		}
		*number = n
	}
	f.Uptime = time.Duration(uptime) * time.Millisecond
	f.Schedulers, f.RunQueue = int(schedulers), int(runQueue)
	m := &f.Memory
	m.Other = max(0, m.Total-m.Processes-m.Atoms-m.Binaries-m.Code-m.ETS)
	return f, nil
}
