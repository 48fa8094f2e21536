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
// byte. It must return when ctx ends, after an exit signal of the peer or the end of
// the connection. Its result is then ignored.
type Handler func(ctx context.Context, p Process) (reason []byte)

// maxProcesses bounds the running processes of the peer. It refuses more, like a node
// with a full process table.
const maxProcesses = 1 << 14

// processes are the running processes of the peer.
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

// add adds a running process to those of parent, unless there are maxProcesses or the
// connection has ended.
func (ps *processes) add(p process, parent etf.Pid) (self etf.Pid, ok bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.ended || len(ps.running) == maxProcesses {
		return self, false
	}
	if ps.running == nil {
		ps.running = make(map[uint32]process)
		ps.lastID = parent.ID
	}
	ps.lastID++
	self = parent
	self.ID = ps.lastID
	ps.running[self.ID] = p
	return self, true
}

// remove removes a running process. The caller that gets it decides how it ended.
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

// spawn handles a SPAWN_REQUEST of the peer.
func (c *Conn) spawn(m control, args etf.Term) {
	if c.options.Handler == nil {
		c.refuseSpawn(m, "notsup")
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	self, ok := c.processes.add(process{cancel, m}, c.self)
	if !ok {
		cancel()
		c.refuseSpawn(m, "system_limit")
		return
	}
	var flags int64
	if m.monitor {
		flags = spawnReplyMonitor
	}
	c.signal(func(b []byte) []byte {
		return appendSpawnReply(b, m.ref, m.from, flags, func(b []byte) []byte { return etf.AppendPid(b, self) })
	})
	args = etf.Term{Bytes: bytes.Clone(args.Bytes), Atoms: append([]string(nil), args.Atoms...)}
	c.processes.handler.Go(func() {
		defer cancel()
		reason := c.options.Handler(ctx, Process{Self: self, Module: m.module, Function: m.function, Args: args})
		if p, ok := c.takeProcess(self); ok && p.control.monitor {
			// A long answer waits for space in the outbox, or the end of the
			// connection.
			c.out.put(context.Background(), framed(p.exitSignal(self, reason)))
		}
	})
}

func (c *Conn) refuseSpawn(m control, reason string) {
	c.signal(func(b []byte) []byte {
		return appendSpawnReply(b, m.ref, m.from, 0, func(b []byte) []byte { return etf.AppendAtom(b, reason) })
	})
}

// exit handles an exit signal of the peer. Processes here do not trap exits.
func (c *Conn) exit(to etf.Pid) {
	if p, ok := c.takeProcess(to); ok && p.control.monitor {
		c.signal(p.exitSignal(to, etf.AppendAtom(nil, "killed")))
	}
}

// takeProcess removes a process that has not ended. The caller that gets it tells its
// monitor.
func (c *Conn) takeProcess(pid etf.Pid) (process, bool) {
	p, ok := c.processes.remove(pid.ID)
	if ok {
		p.cancel()
	}
	return p, ok
}

// exitSignal builds the exit signal for the monitor of the process.
func (p process) exitSignal(pid etf.Pid, reason []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		return appendMonitorExit(b, pid, "", p.control.from, p.control.ref, reason)
	}
}

// monitor answers MONITOR_P with noproc. That is true of registered names: a call of a
// server on this node fails at once instead of waiting.
func (c *Conn) monitor(m control) {
	c.signal(func(b []byte) []byte {
		return appendMonitorExit(b, m.to, m.name, m.from, m.ref, etf.AppendAtom(nil, "noproc"))
	})
}
