package erldist

import (
	"encoding/binary"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// The operations of control messages, the first elements of their tuples.
const (
	opSend                = 2
	opExit2               = 8
	opMonitorP            = 19
	opDemonitorP          = 20
	opMonitorPExit        = 21
	opSendSender          = 22
	opPayloadExit2        = 26
	opPayloadMonitorPExit = 28
	opSpawnRequest        = 29
	opSpawnReply          = 31
)

// Flags of a SPAWN_REPLY.
const spawnReplyMonitor = 2

// control is a decoded control message. Only the fields of its operation are set.
type control struct {
	op       int64
	ref      etf.Ref // ReqId of a spawn, Ref of a monitor
	from, to etf.Pid
	monitor  bool   // SPAWN_REQUEST: the option is set
	refused  string // SPAWN_REPLY: why no process was spawned
	name     string // MONITOR_P: of the process, if to is not set
	module   string // SPAWN_REQUEST
	function string
	arity    int
	reason   etf.Term // MONITOR_P_EXIT: the exit reason, inside the control message
}

// arities are the sizes of the supported control messages. Others, such as links and
// sends to names, are skipped: they concern processes, and this side has none but those
// of a [Handler].
var arities = [...]int{
	opSend:                3,
	opExit2:               4,
	opMonitorP:            4,
	opMonitorPExit:        5,
	opSendSender:          3,
	opPayloadExit2:        3,
	opPayloadMonitorPExit: 4,
	opSpawnRequest:        6,
	opSpawnReply:          5,
}

// parseControl decodes the control message at d and advances d. An unsupported
// operation returns op alone.
func parseControl(d *etf.Decoder) (control, error) {
	arity, err := d.Tuple()
	if err != nil {
		return control{}, err
	}
	if arity == 0 {
		return control{}, &etf.Error{Offset: 0, Reason: "control message is an empty tuple"}
	}
	f := &fields{d: d}
	m := control{op: next(f, f.d.Int)}
	read := 1
	if m.op > 0 && m.op < int64(len(arities)) && arities[m.op] > 0 {
		if read = arities[m.op]; arity < read {
			return control{}, &etf.Error{Offset: 0, Reason: fmt.Sprintf("control message %d has %d elements", m.op, arity)}
		}
		f.read(&m)
	}
	// The rest are trace tokens and additions of later versions.
	for ; read < arity && f.err == nil; read++ {
		f.skip()
	}
	return m, f.err
}

// fields reads the elements of a control message in order and keeps the first error.
type fields struct {
	d   *etf.Decoder
	err error
}

func (f *fields) read(m *control) {
	switch m.op {
	case opSpawnReply: // {31, ReqId, To, Flags, Result}
		m.ref = next(f, f.d.Ref)
		f.skip()
		f.skip()
		m.from, m.refused = f.pidOrAtom()
	case opPayloadMonitorPExit: // {28, FromProc, ToPid, Ref}
		f.skip()
		f.skip()
		m.ref = next(f, f.d.Ref)
	case opMonitorPExit: // {21, FromProc, ToPid, Ref, Reason}
		f.skip()
		f.skip()
		m.ref = next(f, f.d.Ref)
		m.reason = next(f, f.d.Term)
	case opSpawnRequest: // {29, ReqId, From, GroupLeader, {Module, Function, Arity}, OptList}
		m.ref = next(f, f.d.Ref)
		m.from = next(f, f.d.Pid)
		f.skip()
		f.mfa(m)
		f.spawnOptions(m)
	case opSend, opSendSender, opPayloadExit2: // {2, Unused, ToPid}, {22 or 26, FromPid, ToPid}
		f.skip()
		m.to = next(f, f.d.Pid)
	case opExit2: // {8, FromPid, ToPid, Reason}
		f.skip()
		m.to = next(f, f.d.Pid)
		f.skip()
	case opMonitorP: // {19, FromPid, ToProc, Ref}
		m.from = next(f, f.d.Pid)
		m.to, m.name = f.pidOrAtom()
		m.ref = next(f, f.d.Ref)
	}
}

func (f *fields) mfa(m *control) {
	if f.err != nil {
		return
	}
	arity, err := f.d.Tuple()
	if err == nil && arity != 3 {
		err = &etf.Error{Offset: f.d.Offset(), Reason: fmt.Sprintf("entry point of a spawn has %d elements", arity)}
	}
	f.err = err
	m.module, m.function, m.arity = next(f, f.d.Atom), next(f, f.d.Atom), int(next(f, f.d.Int))
}

// spawnOptions looks for the option monitor and skips others, such as {reply,
// error_only}.
func (f *fields) spawnOptions(m *control) {
	if f.err != nil {
		return
	}
	var n int
	if n, f.err = f.d.List(); n == 0 {
		return
	}
	for ; n > 0 && f.err == nil; n-- {
		option := etf.NewDecoder(next(f, f.d.Term))
		if atom, err := option.Atom(); err == nil && atom == "monitor" {
			m.monitor = true
		}
	}
	if f.err == nil {
		f.err = f.d.Nil()
	}
}

func (f *fields) pidOrAtom() (pid etf.Pid, atom string) {
	if f.err != nil {
		return
	}
	tag, err := f.d.Tag()
	if err != nil {
		f.err = err
	} else if tag == etf.TagNewPid || tag == etf.TagPid {
		pid = next(f, f.d.Pid)
	} else {
		atom = next(f, f.d.Atom)
	}
	return
}

// next reads an element, unless an earlier one had an error.
func next[T any](f *fields, read func() (T, error)) (v T) {
	if f.err == nil {
		v, f.err = read()
	}
	return v
}

func (f *fields) skip() {
	if f.err == nil {
		f.err = f.d.Skip()
	}
}

// beginFrame appends a length, which endFrame sets, and a distribution header without
// atom cache references.
func beginFrame(b []byte) []byte {
	return append(b, 0, 0, 0, 0, 131, tagNormal, 0)
}

// endFrame sets the length of the frame at b[start:].
func endFrame(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// framed makes a frame of the message that build appends.
func framed(build func([]byte) []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		start := len(b)
		return endFrame(build(beginFrame(b)), start)
	}
}

// appendSpawnRequest appends a SPAWN_REQUEST with the option monitor, and min_heap_size if
// it is set. The argument list follows it.
func appendSpawnRequest(b []byte, id etf.Ref, from etf.Pid, s Spawn) []byte {
	b = etf.AppendTuple(b, 6)
	b = etf.AppendInt(b, opSpawnRequest)
	b = etf.AppendRef(b, id)
	b = etf.AppendPid(b, from)
	leader := s.GroupLeader
	if leader == (etf.Pid{}) {
		leader = from
	}
	b = etf.AppendPid(b, leader)
	b = etf.AppendTuple(b, 3)
	b = etf.AppendAtom(b, s.Module)
	b = etf.AppendAtom(b, s.Function)
	b = etf.AppendInt(b, int64(s.Arity))
	if s.MinHeapSize == 0 {
		b = etf.AppendAtom(etf.AppendList(b, 1), "monitor")
	} else {
		b = etf.AppendAtom(etf.AppendList(b, 2), "monitor")
		b = etf.AppendAtom(etf.AppendTuple(b, 2), "min_heap_size")
		b = etf.AppendInt(b, int64(s.MinHeapSize))
	}
	return etf.AppendNil(b)
}

func appendSpawnReply(b []byte, id etf.Ref, to etf.Pid, flags int64, result func([]byte) []byte) []byte {
	b = etf.AppendTuple(b, 5)
	b = etf.AppendInt(b, opSpawnReply)
	b = etf.AppendRef(b, id)
	b = etf.AppendPid(b, to)
	b = etf.AppendInt(b, flags)
	return result(b)
}

// appendMonitorExit appends the exit signal of a monitored process, identified by its
// pid or, if that is zero, its name.
func appendMonitorExit(b []byte, from etf.Pid, name string, to etf.Pid, ref etf.Ref, reason []byte) []byte {
	b = etf.AppendTuple(b, 4)
	b = etf.AppendInt(b, opPayloadMonitorPExit)
	if from == (etf.Pid{}) {
		b = etf.AppendAtom(b, name)
	} else {
		b = etf.AppendPid(b, from)
	}
	b = etf.AppendPid(b, to)
	b = etf.AppendRef(b, ref)
	return append(b, reason...)
}

// appendSend appends a SEND. The message follows it.
func appendSend(b []byte, to etf.Pid) []byte {
	b = etf.AppendTuple(b, 3)
	b = etf.AppendInt(b, opSend)
	b = etf.AppendAtom(b, "")
	return etf.AppendPid(b, to)
}

func appendDemonitor(b []byte, from, to etf.Pid, ref etf.Ref) []byte {
	b = etf.AppendTuple(b, 4)
	b = etf.AppendInt(b, opDemonitorP)
	b = etf.AppendPid(b, from)
	b = etf.AppendPid(b, to)
	return etf.AppendRef(b, ref)
}

// appendKill appends the untrappable exit signal, kill.
func appendKill(b []byte, from, to etf.Pid) []byte {
	b = etf.AppendTuple(b, 3)
	b = etf.AppendInt(b, opPayloadExit2)
	b = etf.AppendPid(b, from)
	b = etf.AppendPid(b, to)
	return etf.AppendAtom(b, "kill")
}
