package erldist

import (
	"encoding/binary"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// The operations of control messages, the first elements of their tuples.
const (
	opExit2               = 8
	opMonitorP            = 19
	opDemonitorP          = 20
	opMonitorPExit        = 21
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
// sends, are skipped: they concern processes, and this side has none but those of a
// [Handler].
var arities = [...]int{
	opExit2:               4,
	opMonitorP:            4,
	opMonitorPExit:        5,
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
	f := fields{d: d}
	m := control{op: f.int()}
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
		m.ref = f.ref()
		f.skip()
		f.skip()
		m.from, m.refused = f.pidOrAtom()
	case opPayloadMonitorPExit: // {28, FromProc, ToPid, Ref}
		f.skip()
		f.skip()
		m.ref = f.ref()
	case opMonitorPExit: // {21, FromProc, ToPid, Ref, Reason}
		f.skip()
		f.skip()
		m.ref = f.ref()
		m.reason = f.term()
	case opSpawnRequest: // {29, ReqId, From, GroupLeader, {Module, Function, Arity}, OptList}
		m.ref = f.ref()
		m.from = f.pid()
		f.skip()
		f.mfa(m)
		f.spawnOptions(m)
	case opPayloadExit2: // {26, FromPid, ToPid}
		f.skip()
		m.to = f.pid()
	case opExit2: // {8, FromPid, ToPid, Reason}
		f.skip()
		m.to = f.pid()
		f.skip()
	case opMonitorP: // {19, FromPid, ToProc, Ref}
		m.from = f.pid()
		m.to, m.name = f.pidOrAtom()
		m.ref = f.ref()
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
	m.module, m.function, m.arity = f.atom(), f.atom(), int(f.int())
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
		option := etf.NewDecoder(f.term())
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
		pid = f.pid()
	} else {
		atom = f.atom()
	}
	return
}

func (f *fields) int() (v int64) {
	if f.err == nil {
		v, f.err = f.d.Int()
	}
	return
}

func (f *fields) atom() (v string) {
	if f.err == nil {
		v, f.err = f.d.Atom()
	}
	return
}

func (f *fields) pid() (v etf.Pid) {
	if f.err == nil {
		v, f.err = f.d.Pid()
	}
	return
}

func (f *fields) ref() (v etf.Ref) {
	if f.err == nil {
		v, f.err = f.d.Ref()
	}
	return
}

func (f *fields) term() (v etf.Term) {
	if f.err == nil {
		v, f.err = f.d.Term()
	}
	return
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

// appendSpawnRequest appends a SPAWN_REQUEST with the option monitor. The argument
// list follows it.
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
	b = etf.AppendList(b, 1)
	b = etf.AppendAtom(b, "monitor")
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
