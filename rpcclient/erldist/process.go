package erldist

import (
	"bytes"
	"context"
	"sync"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Process is one that the peer spawned on this node.
type Process struct {
	Self             etf.Pid
	Module, Function string
	// Args is the list of arguments.
	Args etf.Term
}

// A Handler runs a [Process] and returns its exit reason, encoded without version
// byte. It must return when ctx ends, which it does when the peer sends an exit
// signal or the connection ends; what it returns then is not sent.
type Handler func(ctx context.Context, p Process) (reason []byte)

// maxProcesses bounds what the peer may run here at once. More are refused, as a
// node does whose process table is full.
const maxProcesses = 1 << 14

// processes are those that run on behalf of the peer.
type processes struct {
	mu      sync.Mutex
	lastID  uint32
	running map[uint32]process
	ended   bool
	handler sync.WaitGroup
}

type process struct {
	cancel  context.CancelFunc
	control control // the SPAWN_REQUEST
}

// remove takes a process out of the running ones; whoever gets it decides how it
// ended.
func (ps *processes) remove(id uint32) (process, bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, ok := ps.running[id]
	delete(ps.running, id)
	return p, ok
}

func (ps *processes) killAll() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.ended = true
	for _, p := range ps.running {
		p.cancel()
	}
	ps.running = nil
}

func (ps *processes) wait() { ps.handler.Wait() }

// spawn answers a SPAWN_REQUEST of the peer.
func (c *Conn) spawn(m control, args etf.Term) {
	if c.options.Handler == nil {
		c.refuseSpawn(m, "notsup")
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ps := &c.processes
	ps.mu.Lock()
	if ps.ended {
		ps.mu.Unlock()
		cancel()
		return
	}
	if len(ps.running) == maxProcesses {
		ps.mu.Unlock()
		cancel()
		c.refuseSpawn(m, "system_limit")
		return
	}
	if ps.running == nil {
		ps.running = make(map[uint32]process)
		ps.lastID = c.self.ID
	}
	ps.lastID++
	self := c.self
	self.ID = ps.lastID
	ps.running[self.ID] = process{cancel, m}
	ps.mu.Unlock()

	var flags int64
	if m.monitor {
		flags = spawnReplyMonitor
	}
	c.signal(func(b []byte) []byte {
		return appendSpawnReply(b, m.ref, m.from, flags, func(b []byte) []byte { return etf.AppendPid(b, self) })
	})
	args = etf.Term{Bytes: bytes.Clone(args.Bytes), Atoms: append([]string(nil), args.Atoms...)}
	ps.handler.Go(func() {
		defer cancel()
		reason := c.options.Handler(ctx, Process{Self: self, Module: m.module, Function: m.function, Args: args})
		if p, ok := c.exited(self); ok && p.control.monitor {
			// An answer may be long, so it waits until there is room, or no
			// connection.
			c.out.put(context.Background(), framed(p.down(self, reason)))
		}
	})
}

func (c *Conn) refuseSpawn(m control, reason string) {
	c.signal(func(b []byte) []byte {
		return appendSpawnReply(b, m.ref, m.from, 0, func(b []byte) []byte { return etf.AppendAtom(b, reason) })
	})
}

// exit is an exit signal of the peer. Processes here do not trap exits, so that
// each ends the one it is sent to.
func (c *Conn) exit(to etf.Pid) {
	if p, ok := c.exited(to); ok && p.control.monitor {
		c.signal(p.down(to, etf.AppendAtom(nil, "killed")))
	}
}

// exited ends a process, if it has not ended yet. Whoever gets it tells who
// monitors it.
func (c *Conn) exited(pid etf.Pid) (process, bool) {
	p, ok := c.processes.remove(pid.ID)
	if ok {
		p.cancel()
	}
	return p, ok
}

// down builds the exit signal for who monitors the process.
func (p process) down(pid etf.Pid, reason []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		return appendMonitorExit(b, pid, "", p.control.from, p.control.ref, reason)
	}
}

// monitor answers MONITOR_P as if there were no such process. That is true of
// registered names, and lets whoever calls a server here fail at once instead of
// waiting.
func (c *Conn) monitor(m control) {
	c.signal(func(b []byte) []byte {
		return appendMonitorExit(b, m.to, m.name, m.from, m.ref, etf.AppendAtom(nil, "noproc"))
	})
}
