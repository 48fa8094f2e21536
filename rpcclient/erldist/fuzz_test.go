package erldist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// handshakePackets are the packets of one side of a handshake.
func handshakePackets(messages ...string) []byte {
	var b bytes.Buffer
	for _, m := range messages {
		writePacket(&b, []byte(m))
	}
	return b.Bytes()
}

// Whatever the dialled node sends, the handshake ends with an error that names the
// step, since our challenge is unpredictable.
func FuzzInitiate(f *testing.F) {
	challenge := uint32(7)
	hello := string(appendName([]byte{'N'}, acceptor, &challenge))
	ack := "a" + string(digest(initiator.Cookie, 7))
	for _, status := range []string{"sok", "sok_simultaneous", "snok", "salive", "snot_allowed", "snamed:\x00\x03a@b\x00\x00\x00\x01", "s"} {
		f.Add(handshakePackets(status, hello, ack))
	}
	lame := acceptor
	lame.Flags = FlagHandshake23
	f.Add(handshakePackets("sok", string(appendName([]byte{'N'}, lame, &challenge))))
	f.Add(handshakePackets("sok", hello+"later", ack[:9]))
	f.Add([]byte("\xff\xffN"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		_, err := Initiate(t.Context(), &scripted{in: sent}, initiator)
		var failure *HandshakeError
		if !errors.As(err, &failure) || failure.Step == "" {
			t.Errorf("%v, want a HandshakeError", err)
		}
	})
}

// The same for a node that dials.
func FuzzAccept(f *testing.F) {
	reply := "r\x00\x00\x00\x07" + string(digest(acceptor.Cookie, 7))
	for _, flags := range []Flags{0, HiddenFlags | FlagPublished, HiddenFlags | FlagNameMe, FlagHandshake23} {
		dialling := initiator
		dialling.Flags = flags
		f.Add(handshakePackets(string(appendName([]byte{'N'}, dialling, nil)), reply))
	}
	f.Add(handshakePackets("n\x00\x05\x00\x00\x00\x00a@b", "c\x00\x00\x00\x00\x00\x00\x00\x01", reply))
	f.Add([]byte("\xff\xffN"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		_, err := Accept(t.Context(), &scripted{in: sent}, acceptor)
		var failure *HandshakeError
		if !errors.As(err, &failure) || failure.Step == "" {
			t.Errorf("%v, want a HandshakeError", err)
		}
	})
}

// firstMailbox is the pid of the first mailbox of initiator's connection.
func firstMailbox() etf.Pid {
	return etf.Pid{Node: initiator.Name, ID: 1, Serial: 1, Creation: initiator.Creation}
}

// controls are messages of every supported operation and an unsupported one, with
// their payload.
func controls() [][]byte {
	ref := etf.Ref{Node: initiator.Name, Creation: initiator.Creation, Len: 3, IDs: [5]uint32{1}}
	ours := etf.Pid{Node: initiator.Name, ID: 1, Creation: initiator.Creation}
	theirs := etf.Pid{Node: acceptor.Name, ID: 5, Creation: acceptor.Creation}
	tuple := func(op int64, elements ...[]byte) []byte {
		b := etf.AppendInt(etf.AppendTuple(nil, len(elements)+1), op)
		return append(b, bytes.Join(elements, nil)...)
	}
	pid := func(p etf.Pid) []byte { return etf.AppendPid(nil, p) }
	monitor := etf.AppendRef(nil, ref)
	return [][]byte{
		append(appendSpawnRequest(nil, ref, theirs, Spawn{Module: "m", Function: "f", Arity: 1}), list(1)...),
		appendSpawnReply(nil, ref, ours, spawnReplyMonitor, func(b []byte) []byte { return etf.AppendPid(b, theirs) }),
		appendSpawnReply(nil, ref, ours, 0, func(b []byte) []byte { return etf.AppendAtom(b, "notsup") }),
		appendMonitorExit(nil, theirs, "", ours, ref, list(1)),
		appendMonitorExit(nil, etf.Pid{}, "some_server", ours, ref, list(1)),
		tuple(opMonitorPExit, pid(theirs), pid(ours), monitor, list(1)),
		tuple(opMonitorP, pid(theirs), etf.AppendAtom(nil, "some_server"), monitor),
		tuple(opMonitorP, pid(theirs), pid(ours), monitor),
		tuple(opExit2, pid(theirs), pid(ours), etf.AppendAtom(nil, "kill")),
		appendKill(nil, theirs, ours),
		appendDemonitor(nil, theirs, ours, ref),
		append(appendSend(nil, ours), list(1)...),
		append(tuple(opSendSender, pid(theirs), pid(firstMailbox())), list(1)...),
		tuple(1, pid(theirs), pid(ours)),                                           // LINK
		tuple(6, pid(theirs), etf.AppendAtom(nil, ""), etf.AppendAtom(nil, "rex")), // REG_SEND
	}
}

// A control message is read to its end, which Skip confirms, or refused with the
// offset.
func FuzzControl(f *testing.F) {
	for _, c := range controls() {
		f.Add(c)
	}
	f.Add([]byte{104, 4, 97, opMonitorP, 82, 0, 82, 1, 82, 9})
	atoms := []string{"monitor", "reply"}
	f.Fuzz(func(t *testing.T, message []byte) {
		d := etf.NewDecoder(etf.Term{Bytes: message, Atoms: atoms})
		_, err := parseControl(&d)
		if err != nil {
			var bad *FrameError
			if !errors.As(controlError(3, err), &bad) || bad.Offset < 3 || bad.Offset > 3+len(message) {
				t.Errorf("%v in %d bytes", bad, len(message))
			}
			return
		}
		whole := etf.NewDecoder(etf.Term{Bytes: message, Atoms: atoms})
		if err := whole.Skip(); err != nil || whole.Offset() != d.Offset() {
			t.Errorf("%d bytes were read of a term of %d (%v)", d.Offset(), whole.Offset(), err)
		}
	})
}

// frames splits a stream into frames. An incomplete one is the last.
func frames(stream []byte) (frames [][]byte) {
	for len(stream) >= 4 {
		n := min(int(binary.BigEndian.Uint32(stream)), len(stream)-4)
		frames = append(frames, stream[4:4+n])
		stream = stream[4+n:]
	}
	return frames
}

// The headers of a stream of frames, which share an atom cache, are read within their
// frame, or refused with an offset in it.
func FuzzHeader(f *testing.F) {
	f.Add(bytes.Join([][]byte{
		frameOf(131, tagNormal, 2, 0x8|0xc<<4, 0, 10, 1, 'a', 5, 1, 'b'),
		frameOf(131, tagFragment, 0, 0, 2, 168, 0, 0, 5, 83, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0x40, 0x98, 10, 5, 236, 3, 'r', 'e', 'g', 104, 4),
		frameOf(131, tagContinuation, 0, 0, 2, 168, 0, 0, 5, 83, 0, 0, 0, 0, 0, 0, 0, 1, 104, 4),
	}, nil))
	f.Add(frameOf(131, tagNormal, 1, 0x18, 0, 0, 2, 'h', 'i'))
	f.Add(frameOf(131, tagNormal, 1, 0, 9))
	f.Add(frameOf(append([]byte{131, tagNormal, 255}, make([]byte, 128)...)...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var cache atomCache
		for _, frame := range frames(stream) {
			h, err := cache.parse(frame)
			var bad *FrameError
			switch {
			case errors.As(err, &bad):
				if bad.Offset < 0 || bad.Offset > len(frame) {
					t.Fatalf("%v: no such offset in %d bytes", err, len(frame))
				}
				return
			case err != nil:
				t.Fatalf("%v, want a FrameError", err)
			case h.size > len(frame):
				t.Fatalf("a header of %d bytes in a frame of %d", h.size, len(frame))
			case len(cache.refs) > 255 || slices.ContainsFunc(cache.refs, func(atom string) bool { return len(atom) > 4*255 || !utf8.ValidString(atom) }):
				t.Fatalf("atoms %q", cache.refs)
			}
		}
	})
}

// seedStreams adds streams of frames as a node sends them.
func seedStreams(f *testing.F) {
	c := &Conn{local: initiator, self: etf.Pid{Node: initiator.Name, ID: 1}}
	var all []byte
	for _, message := range controls() {
		frame := frameOf(append([]byte{131, tagNormal, 0}, message...)...)
		f.Add(frame)
		all = append(all, frame...)
	}
	f.Add(all)
	one, two := fragmented(c, c.ref(1), 9, make([]byte, 100), 40), fragmented(c, c.ref(2), 8, make([]byte, 100), 30)
	f.Add(bytes.Join(one, nil))
	f.Add(bytes.Join([][]byte{two[0], one[0], two[1], two[2], one[1], one[2], two[3]}, nil))
	f.Add(bytes.Join([][]byte{two[0], one[0], two[1], answerTo(c, 1), one[1], one[1]}, nil))
	f.Add(bytes.Join(fragmented(c, c.ref(1), 9, make([]byte, 2000), 400), nil))
	f.Add(bytes.Join([][]byte{answerTo(c, 1), answerTo(c, 1), answerTo(c, 2)}, nil))
	send := fragmentedSend(firstMailbox(), 7, make([]byte, 200), 100)
	f.Add(bytes.Join([][]byte{sendOf(firstMailbox(), list(1)), send[0], one[0], sendOf(firstMailbox(), list(2)), send[1]}, nil))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 3, 131, 68, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
}

// FuzzFrames sends arbitrary frames to a connection with pending calls and a mailbox. Each
// call ends once, and at a moment that depends only on the frames. The mailbox takes no more
// than its capacity.
func FuzzFrames(f *testing.F) {
	seedStreams(f)
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := New(&scripted{in: sent}, initiator, Peer{Name: "n"}, Options{Handler: echo, MaxMessage: 1 << 10})
		calls := [2]*call{}
		for i := range calls {
			calls[i] = &call{exit: make(chan *Payload, 1)}
			c.calls[uint64(i+1)] = calls[i]
		}
		box := c.OpenMailbox(1)
		if err := c.Serve(); err == nil {
			t.Error("the connection ended without a reason")
		}
		if message := received(box); len(message) > 1<<10 || received(box) != nil {
			t.Errorf("the mailbox took %d bytes, or a second message", len(message))
		}
		for i, call := range calls {
			exit := <-call.exit
			if len(exit.Term.Bytes) > 1<<10 {
				t.Errorf("call %d got %d bytes", i+1, len(exit.Term.Bytes))
			}
			select {
			case <-call.exit:
				t.Errorf("call %d ended twice", i+1)
			default:
			}
		}
	})
}

// FuzzFragments checks after each arbitrary frame that the accounting of incomplete
// answers is right and within its bound.
func FuzzFragments(f *testing.F) {
	seedStreams(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		const most = 1500
		r, _ := receiving(Options{MaxMessage: 1000, MaxReassembly: most}, 1, 2)
		r.conn.OpenMailbox(1)
		for _, frame := range frames(stream) {
			err := r.frame(frame)
			held := 0
			for _, a := range r.assemblies {
				size := atomBytes(a.atoms) + cap(a.bytes)
				if size != a.reserved {
					t.Fatalf("%d bytes count as %d", size, a.reserved)
				}
				held += size
			}
			if held != r.collected || held > most {
				t.Fatalf("%d bytes are held, and %d accounted for", held, r.collected)
			}
			var bad *FrameError
			if err != nil && (!errors.As(err, &bad) || bad.Offset > len(frame)) {
				t.Fatalf("%v in a frame of %d bytes, want a FrameError", err, len(frame))
			}
			if err != nil {
				return
			}
		}
	})
}
